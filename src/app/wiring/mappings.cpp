#include "app/wiring/mappings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "core/visible.hpp"
#include "decode/scan_page.hpp"
#include "mapping/new_columns.hpp"
#include "replica/change/adopted_columns.hpp"
#include "replica/change/attribute_shares.hpp"
#include "replica/state/plan.hpp"
#include "where/clause.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr int kChangeAttemptsMax = 60;
constexpr auto kChangePause = 1s;

/// How often the items that the target takes have attributes that no column of it stands for.
std::vector<AttributeShare> shares_of(const Batch& items, const Target& target) {
  const auto writer = target.writer();
  std::optional<Clause> clause;
  if (const std::string& where = target.mapping.rules.where; !where.empty())
    clause = Clause::parse(where);
  std::map<AttributeNote, std::size_t> counts;
  std::size_t taken = 0;
  for (const Change& item : items.changes) {
    try {
      if (clause && !clause->matches(item.image)) continue;
      ++taken;
      writer->read(item.image, nullptr);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;  // it becomes a dead letter
    }
    for (AttributeNote& note : writer->take_notes()) ++counts[std::move(note)];
  }
  std::vector<AttributeShare> shares;
  for (const auto& [attribute, count] : counts)
    shares.push_back(
        {.attribute = attribute, .share = static_cast<double>(count) / static_cast<double>(taken)});
  return shares;
}

/// None if the role may not scan the table: columns come later then.
Batch first_items(DynamoDb& dynamodb, const TableDescription& source, const Replica& wanted,
                  const std::stop_token& stop) {
  try {
    std::string page = dynamodb.scan({.table = source.name, .exclusive_start_key = {}}, stop);
    return decode_scan_page(std::move(page), wanted.source, Micros{}).batch;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    spdlog::warn("no items were looked at for columns table={} reason={}", log_value(source.name),
                 in_quotes(error.what()));
    return {};
  }
}

/// Those whose names are free.
void add_columns(const Replica& wanted, Target& target, std::vector<AttributeColumn> columns) {
  Mapping mapping = target.mapping;
  for (AttributeColumn& column : columns) {
    const auto all = target.layout.all();
    if (std::ranges::find(all, column.name, &Column::name) == all.end())
      mapping.columns.push_back(std::move(column));
  }
  target = new_target(wanted.state_schema, target.schema, target.table, wanted.source->key_schema,
                      std::move(mapping));
}

/// `targets`: of `wanted`.
void add_sampled_columns(const Batch& items, const Replica& wanted,
                         const std::vector<Target*>& targets) {
  for (Target* const target : targets)
    add_columns(wanted, *target,
                new_columns(target->mapping, wanted.source->key_schema,
                            frequent_attributes(shares_of(items, *target))));
}

void add_words(MappingPlan& plan) {
  for (const TargetChange& change : plan.changes)
    plan.words.insert(plan.words.end(), change.words.begin(), change.words.end());
}

/// What the change needs beside its own SQL where the target gets a history: who may read it.
void add_history(pg::Connection& connection, const Replica& known, const Target& named,
                 const std::vector<std::string>& roles, TargetChange& change) {
  require_history_or_nothing(connection, named);
  Replica reads = known;
  reads.targets = {named};
  std::ranges::move(Planner{connection, known.state_schema}.plan_grants(reads, roles),
                    std::back_inserter(change.ddl));
}

}  // namespace

void add_first_columns(pg::Connection& connection, DynamoDb* dynamodb,
                       const TableDescription& source, Replica& wanted,
                       const std::stop_token& stop) {
  std::vector<Target*> not_made;
  for (Target& target : wanted.targets) {
    if (target.mapping.rules.layout != LayoutKind::columns) continue;
    if (table_is_there(connection, target))
      add_columns(wanted, target, adopted_columns(find_columns(connection, target)));
    else if (target.mapping.rules.new_columns)
      not_made.push_back(&target);
  }
  if (dynamodb == nullptr || not_made.empty()) return;
  add_sampled_columns(first_items(*dynamodb, source, wanted, stop), wanted, not_made);
}

MappingPlan plan_mappings(pg::Connection& connection, const Replica& known,
                          const WantedTargets& wanted) {
  const Unnamed& unnamed = wanted.unnamed;
  MappingPlan plan;
  for (const Target& target : known.targets) {
    const Target* const named = find_target(wanted.replica.targets, target);
    if (named == nullptr) continue;
    auto change = plan_rules(target, known.source->key_schema, named->mapping.rules,
                             find_columns(connection, target), unnamed.columns);
    if (!change) continue;
    if (named->mapping.rules.history && !target.mapping.rules.history)
      add_history(connection, known, *named, wanted.roles, *change);
    name_the_target(*change, known, target);
    plan.changes.push_back(std::move(*change));
  }
  const auto append = [&](std::vector<TargetChange> changes) {
    std::ranges::move(changes, std::back_inserter(plan.changes));
  };
  append(plan_added_targets(connection, known, wanted.added, wanted.roles));
  const std::vector<Target> others = unnamed_targets(known, wanted.replica);
  if (unnamed.targets == UnnamedTargets::drop)
    append(plan_released_targets(connection, known, others));
  add_words(plan);
  if (unnamed.targets == UnnamedTargets::keep)
    for (const Target& target : others)
      plan.words.push_back(fmt::format(
          "the target {} is not configured any more: it is kept equal all the same, and "
          "--drop-targets lets it go",
          target.qualified_name()));
  return plan;
}

void change_mappings(pg::Connection& connection, const Replica& known,
                     const std::vector<TargetChange>& changes, const std::stop_token& stop) {
  for (int attempt = 1; !try_change(connection, known, changes, attempt); ++attempt) {
    if (attempt == kChangeAttemptsMax || stop.stop_requested())
      throw Error{Error::Kind::transient,
                  fmt::format("somebody uses {} all the time: its mapping is as it was",
                              known.qualified_names()),
                  "look for long transactions in pg_stat_activity, and run it again"};
    sleep_for(kChangePause, stop);
  }
}

std::vector<std::string> costly_clauses(const TableDescription& source, const Replica& wanted) {
  if (!source.stream_enabled || source.stream_view_type == "NEW_AND_OLD_IMAGES") return {};
  std::vector<std::string> words;
  for (const Target& target : wanted.targets) {
    const std::string& where = target.mapping.rules.where;
    if (where.empty() || Clause::parse(where).decided_by_keys(source.key_schema)) continue;
    words.push_back(fmt::format(
        "{}: its `where` names attributes that are not of the key, and the stream is {}: each "
        "change of an item that is not taken costs a remove and a tombstone; a stream of "
        "NEW_AND_OLD_IMAGES spares them",
        target.qualified_name(), source.stream_view_type));
  }
  return words;
}

void warn_of_other_rules(const Replica& known, const Replica& wanted) {
  const bool is_same = known.targets.size() == wanted.targets.size() &&
                       std::ranges::all_of(known.targets, [&](const Target& target) {
                         const Target* const named = find_target(wanted.targets, target);
                         return named != nullptr && named->mapping.rules == target.mapping.rules;
                       });
  if (!is_same)
    spdlog::warn(
        "the configuration says another mapping than the catalogue table={} hint=\"`dynamite "
        "bootstrap` says what would change, and changes it\"",
        log_value(known.name()));
}

}  // namespace dynamite
