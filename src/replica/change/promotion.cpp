#include "replica/change/promotion.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "mapping/new_columns.hpp"
#include "pg/pg_error.hpp"
#include "replica/change/attribute_shares.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/existing_table.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kDuplicateColumn = "42701";
constexpr auto kBusyPause = std::chrono::seconds{1};

/// Names of columns that the table has beside those of the layout.
std::vector<std::string> names_of_others(pg::Connection& connection, const Target& target) {
  std::vector<std::string> names;
  const auto all = target.layout.all();
  for (FoundColumn& found : find_columns(connection, target))
    if (std::ranges::find(all, found.name, &Column::name) == all.end())
      names.push_back(std::move(found.name));
  return names;
}

}  // namespace

std::vector<TargetChange> plan_promotion(pg::Connection& connection, const Replica& replica) {
  std::vector<TargetChange> changes;
  for (const Target& target : replica.targets) {
    const MappingRules& rules = target.mapping.rules;
    if (rules.layout != LayoutKind::columns) continue;
    const auto seen = frequent_attributes(sample_shares(connection, replica, target));
    if (seen.empty()) continue;
    std::vector<AttributeColumn> columns = new_columns(target.mapping, replica.source->key_schema,
                                                       seen, names_of_others(connection, target));
    if (columns.empty()) continue;
    TargetChange& change =
        changes.emplace_back(TargetChange{.target_id = target.id,
                                          .mapping = target.mapping,
                                          .ddl = add_columns_sql(target, columns)});
    for (AttributeColumn& column : columns) {
      column.filling = true;
      change.words.push_back(added_in_place(column.name));
      change.mapping->columns.push_back(std::move(column));
    }
    name_the_target(change, replica, target);
  }
  return changes;
}

bool Promotion::is_filling() const {
  return std::ranges::any_of(replica_.targets, has_filling_columns);
}

PromotionStep Promotion::step(pg::Connection& connection) {
  try {
    return is_filling() ? move(connection) : add_columns(connection);
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::transient) throw;
    // What looks at the table is guarded by no fence, and may have met the columns of a mapping
    // that is not loaded yet.
    const std::int64_t known = replica_.mapping;
    load(connection);
    if (replica_.mapping == known) throw;
    return PromotionStep::changed;
  }
}

PromotionStep Promotion::move(pg::Connection& connection) {
  Target& target = *std::ranges::find_if(replica_.targets, has_filling_columns);
  if (!move_) move_.emplace(replica_, target);
  const MoveStep done = move_->step(connection);
  if (done == MoveStep::held) return PromotionStep::busy;
  if (done == MoveStep::done) {
    move_.reset();
    note_filled(connection, replica_, target);
  }
  return PromotionStep::moved;
}

PromotionStep Promotion::add_columns(pg::Connection& connection) {
  if (planned_.empty()) {
    check_attribute_columns(connection, replica_);  // PostgreSQL would round into an integer, say
    planned_ = plan_promotion(connection, replica_);
  }
  std::erase_if(planned_, [&](const TargetChange& change) {
    return !may_alter(connection,
                      *std::ranges::find(replica_.targets, change.target_id, &Target::id));
  });
  if (planned_.empty()) return PromotionStep::idle;
  try {
    if (!try_change(connection, replica_, planned_, ++attempts_)) return PromotionStep::busy;
  } catch (const pg::PgError& error) {
    // A DBA has added a column of that name meanwhile.
    if (error.sqlstate() != kDuplicateColumn) throw;
    planned_.clear();
    return PromotionStep::busy;
  }
  for (const TargetChange& change : planned_)
    added_.insert(added_.end(), change.words.begin(), change.words.end());
  load(connection);
  return PromotionStep::changed;
}

std::vector<std::string> promote(pg::Connection& connection, const Replica& replica,
                                 std::chrono::steady_clock::time_point deadline,
                                 const std::stop_token& stop) {
  Promotion promotion{replica};
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    const PromotionStep done = promotion.step(connection);
    if (done == PromotionStep::idle) break;
    if (done == PromotionStep::busy) sleep_for(kBusyPause, stop);
  }
  return promotion.added();
}

void Promotion::load(pg::Connection& connection) {
  auto now = Catalogue{connection, replica_}.find(replica_.source->arn);
  if (!now)
    throw Error{Error::Kind::gone,
                "the replica " + replica_.qualified_names() + " is no longer registered"};
  move_.reset();
  planned_.clear();
  attempts_ = 0;
  replica_ = std::move(*now);
}

}  // namespace dynamite
