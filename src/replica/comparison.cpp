#include "replica/comparison.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/json_text.hpp"
#include "replica/identifier.hpp"
#include "replica/row_set.hpp"
#include "replica/transcoder.hpp"

namespace dynamite {
namespace {

// What is shown and read again stays bounded; a replica this wrong needs a new pass.
constexpr int kGhostsMax = 100'000;

std::string cast_of(KeyType type) {
  return type == KeyType::S ? "text" : std::string{key_column_type(type)};
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2)  // behind "\x"
    bytes += static_cast<char>(value(hex[i]) * 16 + value(hex[i + 1]));
  return bytes;
}

std::string key_part_json(const KeyAttribute& attribute, const std::string& part) {
  std::string value;
  if (attribute.type == KeyType::B)
    append_base64(value, bytes_of_hex(part));
  else
    append_escaped(value, part);
  return fmt::format("{}:{{\"{}\":\"{}\"}}", json_string(attribute.name),
                     static_cast<char>(attribute.type), value);
}

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

Comparison::Comparison(pg::Connection& connection, const ReplicaTable& table)
    : connection_{connection},
      table_{table},
      replica_{table.qualified_name()},
      columns_{table.key_columns()} {
  const KeySchema& keys = table.source->key_schema;
  const BookkeepingColumns b = bookkeeping_columns(keys);
  item_ = quote_identifier(b.item);
  types_ = quote_identifier(b.types);
  casts_.push_back(cast_of(keys.partition.type));
  if (keys.sort) casts_.push_back(cast_of(keys.sort->type));
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
  std::vector<Suspect> suspects;
  RowArrays seen, rows;
  for (const Change& change : batch.changes) {
    append_key(seen, change.key, keys);
    if (append_natural(rows, change.image))
      append_key(rows, change.key, keys);
    else
      suspects.push_back({.k1 = "", .k2 = "", .difference = Difference::unstorable});
  }
  for (std::size_t i = 0; i < batch.rejected.size(); ++i)
    suspects.push_back({.k1 = "", .k2 = "", .difference = Difference::unstorable});
  remember(seen);
  for (Suspect& suspect : differences(rows)) suspects.push_back(std::move(suspect));
  return suspects;
}

std::vector<Suspect> Comparison::differences(const RowArrays& rows) {
  const std::size_t parts = columns_.size();
  pg::Params params = key_params(rows);
  params.array(rows.item).array(rows.types);
  const pg::Result found =
      connection_.run(fmt::format(R"(SELECT ($1::text[])[u.n], {0}, t.{1} IS NULL
FROM {2} LEFT JOIN {3} t ON {4}
WHERE t.{1} IS DISTINCT FROM ((${5}::text[])[u.n])::jsonb
   OR t.{6} IS DISTINCT FROM ((${7}::text[])[u.n])::jsonb)",
                                  parts == 2 ? "($2::text[])[u.n]" : "''", item_, key_rows(1),
                                  replica_, row_matches("u"), parts + 1, types_, parts + 2),
                      std::move(params));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row)
    suspects.push_back(
        {.k1 = std::string{found.at(row, 0)},
         .k2 = std::string{found.at(row, 1)},
         .difference = found.flag(row, 2) ? Difference::missing : Difference::different});
  return suspects;
}

std::vector<Suspect> Comparison::ghosts() {
  std::vector<std::string> parts;
  for (std::size_t part = 0; part < columns_.size(); ++part)
    parts.push_back(casts_[part] == "bytea"
                        ? fmt::format("'\\x' || encode(t.{}, 'hex')", columns_[part])
                        : fmt::format("t.{}::text", columns_[part]));
  if (parts.size() == 1) parts.emplace_back("''");
  connection_.run("ANALYZE pg_temp.dynamite_seen");
  const pg::Result found =
      connection_.run(fmt::format("SELECT {} FROM {} t WHERE NOT EXISTS "
                                  "(SELECT FROM pg_temp.dynamite_seen s WHERE {}) LIMIT {}",
                                  fmt::join(parts, ", "), replica_, row_matches("s"), kGhostsMax));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row)
    suspects.push_back({.k1 = std::string{found.at(row, 0)},
                        .k2 = std::string{found.at(row, 1)},
                        .difference = Difference::ghost});
  return suspects;
}

Difference Comparison::recheck(const Suspect& suspect, const std::optional<std::string>& item) {
  RowArrays rows;
  rows.k1.append(suspect.k1);
  rows.k2.append(suspect.k2);
  if (!append_natural(rows, item.value_or("{}"))) return Difference::unstorable;
  pg::Params params = key_params(rows);
  params.array(rows.item).array(rows.types);
  const std::size_t parts = columns_.size();
  const pg::Result found = connection_.run(
      fmt::format(R"(SELECT t.{0} IS NOT DISTINCT FROM ((${1}::text[])[1])::jsonb
  AND t.{2} IS NOT DISTINCT FROM ((${3}::text[])[1])::jsonb
FROM {4} JOIN {5} t ON {6})",
                  item_, parts + 1, types_, parts + 2, key_rows(1), replica_, row_matches("u")),
      std::move(params));
  const bool has_row = found.rows() > 0;
  if (!item) return has_row ? Difference::ghost : Difference::none;
  if (!has_row) return Difference::missing;
  return found.flag(0, 0) ? Difference::none : Difference::different;
}

std::string Comparison::key_json(const Suspect& suspect) const {
  const KeySchema& keys = table_.source->key_schema;
  std::string json = "{" + key_part_json(keys.partition, suspect.k1);
  if (keys.sort) json += "," + key_part_json(*keys.sort, suspect.k2);
  return json + "}";
}

}  // namespace dynamite
