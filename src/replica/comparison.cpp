#include "replica/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "mapping/writer.hpp"
#include "replica/change/value_move.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

/// Columns of keys, as a table without their replica's names has them.
std::string definitions(const KeyColumns& keys) {
  std::vector<std::string> list;
  for (const Column& column : keys.columns())
    list.push_back(fmt::format("k{} {}", list.size() + 1, type_definition(column.type)));
  return fmt::format("{}", fmt::join(list, ", "));
}

/// Adds the suspects whose keys are not there yet.
void add_new(std::vector<Suspect>& suspects, std::vector<Suspect> more) {
  std::set<std::string> known;
  for (const Suspect& suspect : suspects) known.insert(suspect.key);
  for (Suspect& suspect : more)
    if (!known.contains(suspect.key)) suspects.push_back(std::move(suspect));
}

/// SQL: whether a value column of the row `t` differs from the item's values `u`.
std::string differing_values(const Layout& layout) {
  std::vector<std::string> list;
  for (const Column& column : layout.values())
    list.push_back(fmt::format("t.{} IS DISTINCT FROM u.{}", column.quoted(), column.field));
  return fmt::format("{}", fmt::join(list, "\n   OR "));
}

}  // namespace

Comparison::Comparison(pg::Connection& connection, Replica replica)
    : connection_{connection}, keys_{replica.targets.front().layout.keys()} {
  compare_with(std::move(replica));
  connection_.run("DROP TABLE IF EXISTS pg_temp.dynamite_seen");
  // Without an index, which some keys are too long for.
  connection_.run(fmt::format("CREATE TEMPORARY TABLE dynamite_seen ({})", definitions(keys_)));
}

void Comparison::compare_with(Replica replica) {
  targets_.clear();
  replica_ = std::move(replica);
  for (const Target& target : replica_.targets)
    targets_.push_back({.target = target,
                        .writer = writer_of(target.mapping, target.layout),
                        .name = target.qualified_name(),
                        .rows = moved_rows_sql(target)});
}

void Comparison::follow_mapping() {
  auto now = Catalogue{connection_, replica_.state_schema}.find(replica_.source->arn);
  if (now && now->mapping != replica_.mapping) compare_with(std::move(*now));
}

Comparison::Items Comparison::no_items() const {
  Items items{.keys = KeyArrays{keys_.schema()}, .values = {}, .canonical_keys = {}};
  for (const Compared& compared : targets_)
    items.values.emplace_back(compared.target.layout.value_elements());
  return items;
}

bool Comparison::append(Items& items, std::string_view key, std::string_view image) {
  for (pg::ArrayRows& rows : items.values) rows.begin_row();
  try {
    for (std::size_t target = 0; target < targets_.size(); ++target) {
      RowWriter& writer = *targets_[target].writer;
      writer.read(image, nullptr);
      for (std::size_t i = 0; i < targets_[target].target.layout.values().size(); ++i)
        writer.write_next(items.values[target]);
    }
    items.keys.append(key);
  } catch (const Error& error) {
    for (pg::ArrayRows& rows : items.values) rows.undo_row();
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
  std::map<std::string_view, Difference> worst;
  for (std::size_t target = 0; target < targets_.size(); ++target)
    for (const auto& [key, difference] : differences_in(target, items)) {
      Difference& of_key = worst[key];
      if (of_key != Difference::missing) of_key = difference;
    }
  std::vector<Suspect> suspects;
  for (const std::string_view key : items.canonical_keys)
    if (const auto found = worst.find(key); found != worst.end())
      suspects.push_back({.key = std::string{key}, .difference = found->second});
  return suspects;
}

std::map<std::string_view, Difference> Comparison::differences_in(std::size_t target,
                                                                  const Items& items) {
  const Compared& compared = targets_[target];
  const Layout& layout = compared.target.layout;
  pg::Params params;
  items.keys.add_to(params);
  items.values[target].add_to(params);
  const pg::Result found = connection_.run(
      fmt::format(R"(SELECT u.n, t.{} IS NULL
FROM {} LEFT JOIN {} t ON {}
WHERE {})",
                  layout.of(ColumnRole::version).quoted(), keys_.rows(layout.value_fields()),
                  compared.rows, layout.keys().row_matches(), differing_values(layout)),
      std::move(params));
  std::map<std::string_view, Difference> differences;
  for (int row = 0; row < found.rows(); ++row)
    differences[items.canonical_keys[static_cast<std::size_t>(found.number(row, 0) - 1)]] =
        found.flag(row, 1) ? Difference::missing : Difference::different;
  return differences;
}

std::vector<Suspect> Comparison::keys_of_rows(const Compared& compared, const std::string& from,
                                              std::size_t limit) {
  const KeyColumns& keys = compared.target.layout.keys();
  const std::vector<std::string> columns = keys.texts();
  const pg::Result found = connection_.run(fmt::format(
      "SELECT {} FROM {} t {} LIMIT {}", fmt::join(columns, ", "), compared.name, from, limit));
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, column));
    suspects.push_back({.key = keys.canonical_key(parts), .difference = Difference::ghost});
  }
  return suspects;
}

std::vector<Suspect> Comparison::ghosts(std::size_t limit) {
  connection_.run("ANALYZE pg_temp.dynamite_seen");
  std::vector<Suspect> suspects;
  for (const Compared& compared : targets_) {
    const std::string unseen =
        fmt::format("WHERE NOT EXISTS (SELECT FROM pg_temp.dynamite_seen s WHERE {})",
                    compared.target.layout.keys().row_matches("s"));
    add_new(suspects, keys_of_rows(compared, unseen, limit));
  }
  return suspects;
}

std::vector<Suspect> Comparison::sample(std::size_t limit) {
  const std::size_t share = std::max<std::size_t>(1, limit / targets_.size());
  std::vector<Suspect> suspects;
  for (const Compared& compared : targets_) add_new(suspects, sample_of(compared, share));
  return suspects;
}

std::vector<Suspect> Comparison::sample_of(const Compared& compared, std::size_t limit) {
  const pg::Result size = connection_.run(
      "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass($1)",
      std::move(pg::Params{}.text(compared.name)));
  // Twice as many as are wanted, since the estimate may be old; whole pages are drawn.
  const double rows = std::max(1.0, static_cast<double>(size.number(0, 0)));
  const double percent = std::clamp(200.0 * static_cast<double>(limit) / rows, 0.001, 100.0);
  return keys_of_rows(compared, fmt::format("TABLESAMPLE SYSTEM ({})", percent), limit);
}

/// The keys that have a row in no target.
std::set<std::string> Comparison::without_row(const std::vector<std::string_view>& keys) {
  KeyArrays arrays{keys_.schema()};
  for (const std::string_view key : keys) arrays.append(key);
  pg::Params params;
  arrays.add_to(params);
  std::vector<std::string> conditions;
  for (const Compared& compared : targets_)
    conditions.push_back(fmt::format("NOT EXISTS (SELECT FROM {} t WHERE {})", compared.name,
                                     compared.target.layout.keys().row_matches()));
  const pg::Result found = connection_.run(
      fmt::format("SELECT u.n FROM {} WHERE {}", keys_.rows(), fmt::join(conditions, " AND ")),
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
