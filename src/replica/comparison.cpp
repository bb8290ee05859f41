#include "replica/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "layout/natural_json.hpp"
#include "pg/identifier.hpp"
#include "replica/apply/rows.hpp"
#include "replica/state/key_text.hpp"

namespace dynamite {
namespace {

/// False, and nothing is appended, if PostgreSQL cannot hold the item.
bool append_natural(RowArrays& rows, std::string_view image) {
  std::string item, types;
  try {
    append_natural_json(item, types, image);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    return false;
  }
  rows.item.append(item);
  types.empty() ? rows.types.append_null() : rows.types.append(types);
  return true;
}

}  // namespace

Comparison::Comparison(pg::Connection& connection, const Replica& table)
    : connection_{connection},
      table_{table},
      replica_{table.targets.front().qualified_name()},
      columns_{table.key_columns()} {
  const KeySchema& keys = table.source->key_schema;
  const BookkeepingColumns b = bookkeeping_columns(keys);
  item_ = quote_identifier(b.item);
  types_ = quote_identifier(b.types);
  casts_.emplace_back(key_cast_type(keys.partition.type));
  if (keys.sort) casts_.emplace_back(key_cast_type(keys.sort->type));
  std::string definitions;
  for (std::size_t part = 0; part < columns_.size(); ++part) {
    definitions += fmt::format("{}k{} {}", part == 0 ? "" : ", ", part + 1, casts_[part]);
    if (casts_[part] == "text") definitions += " COLLATE \"C\"";
  }
  connection_.run("DROP TABLE IF EXISTS pg_temp.dynamite_seen");
  // Without an index, which some keys are too long for.
  connection_.run(fmt::format("CREATE TEMPORARY TABLE dynamite_seen ({})", definitions));
}

/// The first arrays as rows `u (n, k1, k2)` of typed keys.
std::string Comparison::key_rows(int first_parameter) const {
  std::string typed, parameters, names;
  for (std::size_t part = 0; part < casts_.size(); ++part) {
    typed += fmt::format(", a.k{0}::{1} AS k{0}", part + 1, casts_[part]);
    parameters += fmt::format("{}${}::text[]", part == 0 ? "" : ", ",
                              first_parameter + static_cast<int>(part));
    names += fmt::format("{}k{}", part == 0 ? "" : ", ", part + 1);
  }
  return fmt::format("(SELECT a.n{} FROM unnest({}) WITH ORDINALITY AS a({}, n)) AS u", typed,
                     parameters, names);
}

std::string Comparison::row_matches(std::string_view other) const {
  std::string sql;
  for (std::size_t part = 0; part < columns_.size(); ++part)
    sql +=
        fmt::format("{}t.{} = {}.k{}", part == 0 ? "" : " AND ", columns_[part], other, part + 1);
  return sql;
}

pg::Params Comparison::key_params(const RowArrays& rows) const {
  pg::Params params;
  params.array(rows.k1);
  if (columns_.size() == 2) params.array(rows.k2);
  return params;
}

void Comparison::remember(const RowArrays& seen) {
  connection_.run(fmt::format("INSERT INTO pg_temp.dynamite_seen SELECT {} FROM {}",
                              columns_.size() == 2 ? "u.k1, u.k2" : "u.k1", key_rows(1)),
                  key_params(seen));
}

std::vector<Suspect> Comparison::page(const Batch& batch) {
  const KeySchema& keys = table_.source->key_schema;
  std::vector<Suspect> suspects(batch.rejected.size(),
                                {.key = "", .difference = Difference::unstorable});
  std::vector<std::string_view> row_keys;
  RowArrays seen, rows;
  for (const Change& change : batch.changes) {
    append_key(seen, change.key, keys);
    if (append_natural(rows, change.image)) {
      append_key(rows, change.key, keys);
      row_keys.push_back(change.key);
    } else {
      suspects.push_back({.key = std::string{change.key}, .difference = Difference::unstorable});
    }
  }
  remember(seen);
  for (Suspect& suspect : differences(rows, row_keys)) suspects.push_back(std::move(suspect));
  return suspects;
}

std::vector<Suspect> Comparison::differences(const RowArrays& rows,
                                             const std::vector<std::string_view>& keys) {
  const std::size_t parts = columns_.size();
  pg::Params params = key_params(rows);
  params.array(rows.item).array(rows.types);
  const pg::Result found = connection_.run(
      fmt::format(R"(SELECT u.n, t.{0} IS NULL
FROM {1} LEFT JOIN {2} t ON {3}
WHERE t.{0} IS DISTINCT FROM ((${4}::text[])[u.n])::jsonb
   OR t.{5} IS DISTINCT FROM ((${6}::text[])[u.n])::jsonb)",
                  item_, key_rows(1), replica_, row_matches("u"), parts + 1, types_, parts + 2),
      std::move(params));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row)
    suspects.push_back(
        {.key = std::string{keys[static_cast<std::size_t>(found.number(row, 0) - 1)]},
         .difference = found.flag(row, 1) ? Difference::missing : Difference::different});
  return suspects;
}

std::vector<Suspect> Comparison::keys_of_rows(const std::string& from, std::size_t limit) {
  const KeySchema& keys = table_.source->key_schema;
  std::vector<std::string> columns{key_as_text("t." + columns_[0], keys.partition.type)};
  if (keys.sort) columns.push_back(key_as_text("t." + columns_[1], keys.sort->type));
  const pg::Result found = connection_.run(
      fmt::format("SELECT {} FROM {} LIMIT {}", fmt::join(columns, ", "), from, limit));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, column));
    suspects.push_back({.key = canonical_key(keys, parts), .difference = Difference::ghost});
  }
  return suspects;
}

std::vector<Suspect> Comparison::ghosts(std::size_t limit) {
  connection_.run("ANALYZE pg_temp.dynamite_seen");
  return keys_of_rows(
      fmt::format("{} t WHERE NOT EXISTS (SELECT FROM pg_temp.dynamite_seen s WHERE {})", replica_,
                  row_matches("s")),
      limit);
}

std::vector<Suspect> Comparison::sample(std::size_t limit) {
  const pg::Result size = connection_.run(
      "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass($1)",
      std::move(pg::Params{}.text(replica_)));
  // Twice as many as are wanted, since the estimate may be old; whole pages are drawn.
  const double rows = std::max(1.0, static_cast<double>(size.number(0, 0)));
  const double percent = std::clamp(200.0 * static_cast<double>(limit) / rows, 0.001, 100.0);
  return keys_of_rows(fmt::format("{} t TABLESAMPLE SYSTEM ({})", replica_, percent), limit);
}

std::set<std::string> Comparison::without_row(const std::vector<std::string_view>& keys) {
  RowArrays rows;
  for (const std::string_view key : keys) append_key(rows, key, table_.source->key_schema);
  const pg::Result found =
      connection_.run(fmt::format("SELECT u.n FROM {} WHERE NOT EXISTS (SELECT FROM {} t WHERE {})",
                                  key_rows(1), replica_, row_matches("u")),
                      key_params(rows));
  std::set<std::string> absent;
  for (int row = 0; row < found.rows(); ++row)
    absent.emplace(keys[static_cast<std::size_t>(found.number(row, 0) - 1)]);
  return absent;
}

void Comparison::recheck(std::vector<Suspect>& suspects,
                         const std::map<std::string, std::string>& items) {
  RowArrays rows;
  std::vector<std::string_view> with_item, without_item;
  std::map<std::string, Difference> now;
  for (const Suspect& suspect : suspects) {
    const auto item = items.find(suspect.key);
    if (item == items.end()) {
      without_item.push_back(suspect.key);
      now[suspect.key] = Difference::ghost;
    } else if (append_natural(rows, item->second)) {
      append_key(rows, suspect.key, table_.source->key_schema);
      with_item.push_back(suspect.key);
    } else {
      now[suspect.key] = Difference::unstorable;
    }
  }
  for (const std::string& key : without_row(without_item)) now[key] = Difference::none;
  for (const Suspect& suspect : differences(rows, with_item)) now[suspect.key] = suspect.difference;
  for (Suspect& suspect : suspects) {
    const auto found = now.find(suspect.key);
    suspect.difference = found == now.end() ? Difference::none : found->second;
  }
}

}  // namespace dynamite
