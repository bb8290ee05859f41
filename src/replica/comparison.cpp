#include "replica/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "mapping/routing.hpp"
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

/// A key that differs in several targets has one difference: that it is missing in one of them says
/// most.
void add_worst(std::map<std::string_view, Difference>& found, std::string_view key,
               Difference difference) {
  Difference& worst = found.try_emplace(key, difference).first->second;
  worst = std::min(worst, difference);
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
  connection_.run(
      fmt::format("CREATE TEMPORARY TABLE dynamite_seen (target integer, {})", definitions(keys_)));
}

void Comparison::compare_with(Replica replica) {
  targets_.clear();
  replica_ = std::move(replica);
  for (const Target& target : replica_.targets)
    targets_.push_back({.target = target,
                        .writer = target.writer(),
                        .name = target.qualified_name(),
                        .rows = moved_rows_sql(target)});
}

void Comparison::follow_mapping() {
  auto now = Catalogue{connection_, replica_}.find(replica_.source->arn);
  if (now && now->mapping != replica_.mapping) compare_with(std::move(*now));
}

Comparison::Expected Comparison::expect(std::span<const Change> items) const {
  const RoutedChanges routed = routed_changes(replica_, items);
  Expected expected;
  HashedKeys keys = replica_.hashed_keys();
  const auto key_of = [&](const Change& item) -> std::string_view {
    const std::string_view key = keys.of(item.key);
    return key.data() == item.key.data() ? key : *expected.hashed_keys.emplace(key).first;
  };
  for (const auto& [item, why] : routed.refused) expected.unstorable.insert(key_of(item));
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    const Compared& compared = targets_[target];
    Items& taken = expected.taken.emplace_back(
        Items{.keys = KeyArrays{keys_.schema()},
              .values = pg::ArrayRows{compared.target.layout.value_elements()},
              .canonical_keys = {}});
    for (const Change& item : routed.changes[target]) {
      if (item.kind == ChangeKind::scanned_untaken) continue;
      const std::string_view key = key_of(item);
      if (!append(taken, compared, key, item.image)) expected.unstorable.insert(key);
    }
  }
  return expected;
}

bool Comparison::append(Items& items, const Compared& compared, std::string_view key,
                        std::string_view image) const {
  items.values.begin_row();
  try {
    compared.writer->read(image, nullptr);
    for (std::size_t i = 0; i < compared.target.layout.values().size(); ++i)
      compared.writer->write_next(items.values);
    items.keys.append(key);
  } catch (const Error& error) {
    items.values.undo_row();
    if (error.kind() != Error::Kind::poison) throw;
    return false;
  }
  items.canonical_keys.push_back(key);
  return true;
}

void Comparison::remember(const Expected& expected) {
  for (std::size_t target = 0; target < targets_.size(); ++target)
    remember(expected.taken[target].keys, targets_[target].target.id);
  KeyArrays unstorable{keys_.schema()};
  for (const std::string_view key : expected.unstorable) unstorable.append(key);
  remember(unstorable, std::nullopt);
}

/// Without `target`: every target may have rows of them.
void Comparison::remember(const KeyArrays& keys, std::optional<std::int32_t> target) {
  if (keys.size() == 0) return;
  pg::Params params;
  keys.add_to(params);
  connection_.run(
      fmt::format("INSERT INTO pg_temp.dynamite_seen SELECT {}, {} FROM {}",
                  target ? std::to_string(*target) : "NULL", keys_.parts("u"), keys_.rows()),
      std::move(params));
}

std::vector<Suspect> Comparison::page(const Batch& batch) {
  std::vector<Suspect> suspects(
      batch.rejected.size(), {.key = "", .source_key = "", .difference = Difference::unstorable});
  const Expected expected = expect(batch.changes);
  remember(expected);
  const Found found = differences(expected);
  HashedKeys keys = replica_.hashed_keys();
  for (const Change& change : batch.changes)
    if (const auto difference = found.find(keys.of(change.key)); difference != found.end())
      suspects.push_back({.key = std::string{difference->first},
                          .source_key = std::string{change.key},
                          .difference = difference->second});
  return suspects;
}

Comparison::Found Comparison::differences(const Expected& expected) {
  Found found;
  for (std::size_t target = 0; target < targets_.size(); ++target)
    add_differences(found, targets_[target], expected.taken[target]);
  for (const std::string_view key : expected.unstorable) found[key] = Difference::unstorable;
  return found;
}

void Comparison::add_differences(Found& found, const Compared& compared, const Items& items) {
  if (items.canonical_keys.empty()) return;
  const Layout& layout = compared.target.layout;
  pg::Params params;
  items.keys.add_to(params);
  items.values.add_to(params);
  const std::string is_missing =
      fmt::format("t.{} IS NULL", layout.of(ColumnRole::version).quoted());
  const pg::Result rows =
      connection_.run(fmt::format(R"(SELECT u.n, {}
FROM {} LEFT JOIN {} t ON {}{}
WHERE {}
   OR {})",
                                  is_missing, keys_.rows(layout.value_fields()), compared.rows,
                                  layout.keys().row_matches(), layout.and_not_removed(), is_missing,
                                  differing_values(layout)),
                      std::move(params));
  for (int row = 0; row < rows.rows(); ++row)
    add_worst(found, items.canonical_keys[static_cast<std::size_t>(rows.number(row, 0) - 1)],
              rows.flag(row, 1) ? Difference::missing : Difference::different);
}

void Comparison::add_ghosts(Found& found, const Compared& compared,
                            const std::vector<std::string_view>& keys) {
  if (keys.empty()) return;
  KeyArrays arrays{keys_.schema()};
  for (const std::string_view key : keys) arrays.append(key);
  pg::Params params;
  arrays.add_to(params);
  const pg::Result rows = connection_.run(
      fmt::format("SELECT u.n FROM {} WHERE EXISTS (SELECT FROM {} t WHERE {}{})", keys_.rows(),
                  compared.name, compared.target.layout.keys().row_matches(),
                  compared.target.layout.and_not_removed()),
      std::move(params));
  for (int row = 0; row < rows.rows(); ++row)
    add_worst(found, keys[static_cast<std::size_t>(rows.number(row, 0) - 1)], Difference::ghost);
}

std::vector<Suspect> Comparison::keys_of_rows(const Compared& compared, const std::string& from,
                                              std::size_t limit) {
  const KeyColumns& keys = compared.target.layout.keys();
  const std::vector<std::string> columns = keys.texts();
  const pg::Result found = connection_.run(
      fmt::format("SELECT {} FROM {} t {}{} LIMIT {}", fmt::join(columns, ", "), compared.name,
                  from, compared.target.layout.and_not_removed(), limit));
  const bool is_hashed = replica_.hashes_keys();
  std::vector<Suspect> suspects;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, column));
    std::string key = keys.canonical_key(parts);
    suspects.push_back({.key = key,
                        .source_key = is_hashed ? std::string{} : key,
                        .difference = Difference::ghost});
  }
  return suspects;
}

std::vector<Suspect> Comparison::ghosts(std::size_t limit) {
  connection_.run("ANALYZE pg_temp.dynamite_seen");
  std::vector<Suspect> suspects;
  for (const Compared& compared : targets_) {
    const std::string unseen = fmt::format(
        "WHERE NOT EXISTS (SELECT FROM pg_temp.dynamite_seen s WHERE {} AND (s.target = {} OR "
        "s.target IS NULL))",
        compared.target.layout.keys().row_matches("s"), compared.target.id);
    KeyArrays told{keys_.schema()};
    for (Suspect& suspect : keys_of_rows(compared, unseen, limit - suspects.size())) {
      told.append(suspect.key);
      suspects.push_back(std::move(suspect));
    }
    remember(told, std::nullopt);
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
  return keys_of_rows(compared, fmt::format("TABLESAMPLE SYSTEM ({}) WHERE true", percent), limit);
}

void Comparison::find_source_keys(std::vector<Suspect>& suspects, const Batch& batch) const {
  std::map<std::string_view, Suspect*> unknown;
  for (Suspect& suspect : suspects)
    if (suspect.source_key.empty()) unknown.emplace(suspect.key, &suspect);
  HashedKeys keys = replica_.hashed_keys();
  for (const Change& change : batch.changes)
    if (const auto found = unknown.find(keys.of(change.key)); found != unknown.end())
      found->second->source_key = change.key;
}

void Comparison::recheck(std::vector<Suspect>& suspects,
                         const std::map<std::string, std::string>& items) {
  std::vector<Change> there;
  for (const Suspect& suspect : suspects)
    if (const auto item = items.find(suspect.source_key); item != items.end())
      there.push_back({.key = suspect.source_key,
                       .image = item->second,
                       .record = {},
                       .version = {},
                       .kind = ChangeKind::scanned});
  const Expected expected = expect(there);
  Found found = differences(expected);
  for (std::size_t target = 0; target < targets_.size(); ++target)
    add_ghosts(found, targets_[target], untaken(suspects, expected, target));
  for (Suspect& suspect : suspects) {
    const auto difference = found.find(suspect.key);
    suspect.difference = difference == found.end() ? Difference::none : difference->second;
  }
}

/// The keys of suspects of which the target may have no row.
std::vector<std::string_view> Comparison::untaken(const std::vector<Suspect>& suspects,
                                                  const Expected& expected, std::size_t target) {
  const auto& taken = expected.taken[target].canonical_keys;
  std::set<std::string_view> may_be_there{taken.begin(), taken.end()};
  may_be_there.insert(expected.unstorable.begin(), expected.unstorable.end());
  std::vector<std::string_view> keys;
  for (const Suspect& suspect : suspects)
    if (!may_be_there.contains(suspect.key)) keys.push_back(suspect.key);
  return keys;
}

}  // namespace dynamite
