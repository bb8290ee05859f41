#include "replica/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace dynamite {
namespace {

/// Columns of keys, as a table without their replica's names has them.
std::string definitions(const KeyColumns& keys) {
  std::vector<std::string> list;
  for (const Column& column : keys.columns())
    list.push_back(fmt::format("k{} {}", list.size() + 1, type_definition(column.type)));
  return fmt::format("{}", fmt::join(list, ", "));
}

/// SQL: whether a value column of `t` differs from the item's. The item's values are the parameters
/// behind the keys, an element a row.
std::string differing_values(const Layout& layout) {
  std::vector<std::string> list;
  for (const Column& column : layout.values())
    list.push_back(fmt::format("t.{} IS DISTINCT FROM (({}::text[])[u.n])::{}", column.quoted(),
                               layout.keys().parameter(list.size()), type_definition(column.type)));
  return fmt::format("{}", fmt::join(list, "\n   OR "));
}

}  // namespace

Comparison::Comparison(pg::Connection& connection, const Target& target)
    : connection_{connection},
      layout_{target.layout},
      keys_{layout_.keys()},
      writer_{layout_.writer()},
      replica_{target.qualified_name()} {
  connection_.run("DROP TABLE IF EXISTS pg_temp.dynamite_seen");
  // Without an index, which some keys are too long for.
  connection_.run(fmt::format("CREATE TEMPORARY TABLE dynamite_seen ({})", definitions(keys_)));
}

Comparison::Items Comparison::no_items() const {
  return {.keys = KeyArrays{keys_.schema()},
          .values = pg::ArrayRows{layout_.value_elements()},
          .canonical_keys = {}};
}

bool Comparison::append(Items& items, std::string_view key, std::string_view image) {
  items.values.begin_row();
  try {
    writer_->read(image, nullptr);
    for (std::size_t i = 0; i < layout_.values().size(); ++i) writer_->write_next(items.values);
    items.keys.append(key);
  } catch (const Error& error) {
    items.values.undo_row();
    if (error.kind() != Error::Kind::poison) throw;
    return false;
  }
  items.canonical_keys.push_back(key);
  return true;
}

void Comparison::remember(const KeyArrays& seen) {
  pg::Params params;
  seen.add_to(params);
  connection_.run(fmt::format("INSERT INTO pg_temp.dynamite_seen SELECT {} FROM {}",
                              keys_.parts("u"), keys_.rows()),
                  std::move(params));
}

std::vector<Suspect> Comparison::page(const Batch& batch) {
  std::vector<Suspect> suspects(batch.rejected.size(),
                                {.key = "", .difference = Difference::unstorable});
  KeyArrays seen{keys_.schema()};
  Items items = no_items();
  for (const Change& change : batch.changes) {
    seen.append(change.key);
    if (!append(items, change.key, change.image))
      suspects.push_back({.key = std::string{change.key}, .difference = Difference::unstorable});
  }
  remember(seen);
  for (Suspect& suspect : differences(items)) suspects.push_back(std::move(suspect));
  return suspects;
}

std::vector<Suspect> Comparison::differences(const Items& items) {
  pg::Params params;
  items.keys.add_to(params);
  items.values.add_to(params);
  const pg::Result found =
      connection_.run(fmt::format(R"(SELECT u.n, t.{} IS NULL
FROM {} LEFT JOIN {} t ON {}
WHERE {})",
                                  layout_.of(ColumnRole::version).quoted(), keys_.rows(), replica_,
                                  keys_.row_matches(), differing_values(layout_)),
                      std::move(params));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row)
    suspects.push_back(
        {.key =
             std::string{items.canonical_keys[static_cast<std::size_t>(found.number(row, 0) - 1)]},
         .difference = found.flag(row, 1) ? Difference::missing : Difference::different});
  return suspects;
}

std::vector<Suspect> Comparison::keys_of_rows(const std::string& from, std::size_t limit) {
  const std::vector<std::string> columns = keys_.texts();
  const pg::Result found = connection_.run(
      fmt::format("SELECT {} FROM {} LIMIT {}", fmt::join(columns, ", "), from, limit));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, column));
    suspects.push_back({.key = keys_.canonical_key(parts), .difference = Difference::ghost});
  }
  return suspects;
}

std::vector<Suspect> Comparison::ghosts(std::size_t limit) {
  connection_.run("ANALYZE pg_temp.dynamite_seen");
  return keys_of_rows(
      fmt::format("{} t WHERE NOT EXISTS (SELECT FROM pg_temp.dynamite_seen s WHERE {})", replica_,
                  keys_.row_matches("s")),
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
  KeyArrays arrays{keys_.schema()};
  for (const std::string_view key : keys) arrays.append(key);
  pg::Params params;
  arrays.add_to(params);
  const pg::Result found =
      connection_.run(fmt::format("SELECT u.n FROM {} WHERE NOT EXISTS (SELECT FROM {} t WHERE {})",
                                  keys_.rows(), replica_, keys_.row_matches()),
                      std::move(params));
  std::set<std::string> absent;
  for (int row = 0; row < found.rows(); ++row)
    absent.emplace(keys[static_cast<std::size_t>(found.number(row, 0) - 1)]);
  return absent;
}

void Comparison::recheck(std::vector<Suspect>& suspects,
                         const std::map<std::string, std::string>& items) {
  Items with_item = no_items();
  std::vector<std::string_view> without_item;
  std::map<std::string, Difference> now;
  for (const Suspect& suspect : suspects) {
    const auto item = items.find(suspect.key);
    if (item == items.end()) {
      without_item.push_back(suspect.key);
      now[suspect.key] = Difference::ghost;
    } else if (!append(with_item, suspect.key, item->second)) {
      now[suspect.key] = Difference::unstorable;
    }
  }
  for (const std::string& key : without_row(without_item)) now[key] = Difference::none;
  for (const Suspect& suspect : differences(with_item)) now[suspect.key] = suspect.difference;
  for (Suspect& suspect : suspects) {
    const auto found = now.find(suspect.key);
    suspect.difference = found == now.end() ? Difference::none : found->second;
  }
}

}  // namespace dynamite
