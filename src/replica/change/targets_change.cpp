#include "replica/change/targets_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "replica/state/plan.hpp"

namespace dynamite {
namespace {

/// Those of `targets` that are not among `others`.
std::vector<Target> without(std::span<const Target> targets, std::span<const Target> others) {
  std::vector<Target> found;
  for (const Target& target : targets)
    if (find_target(others, target) == nullptr) found.push_back(target);
  return found;
}

}  // namespace

const Target* find_target(std::span<const Target> targets, const Target& wanted) {
  const auto found = std::ranges::find_if(targets, [&](const Target& target) {
    return target.schema == wanted.schema && target.table == wanted.table;
  });
  return found == targets.end() ? nullptr : &*found;
}

std::vector<Target> added_targets(const Replica& known, const Replica& wanted) {
  return without(wanted.targets, known.targets);
}

std::vector<Target> unnamed_targets(const Replica& known, const Replica& wanted) {
  return without(known.targets, wanted.targets);
}

std::vector<TargetChange> plan_added_targets(pg::Connection& connection, const Replica& known,
                                             std::span<const Target> added,
                                             const std::vector<std::string>& roles) {
  if (added.empty()) return {};
  Replica together = known;
  together.targets.insert(together.targets.end(), added.begin(), added.end());
  require_same_keys(together);
  Planner planner{connection, known.state_schema};
  std::vector<TargetChange> changes;
  std::vector<std::string> schemas = planner.plan_schemas(added);
  for (const Target& target : added) {
    ReplicaPlan plan = planner.plan_target(known, target);
    Replica reads = known;
    reads.targets = {target};
    std::ranges::move(planner.plan_grants(reads, roles), std::back_inserter(plan.sql));
    const std::string_view table = plan.creates_table ? "made" : "taken over";
    changes.push_back({.ddl = std::move(plan.sql),
                       .words = {fmt::format("the target {} is added, its table is {}: a pass "
                                             "fills it",
                                             target.qualified_name(), table),
                                 older_records_are_read_back()},
                       .needs_pass = true});
  }
  std::ranges::move(changes.front().ddl, std::back_inserter(schemas));
  changes.front().ddl = std::move(schemas);
  return changes;
}

std::vector<TargetChange> plan_released_targets(pg::Connection& connection, const Replica& known,
                                                std::span<const Target> released) {
  Planner planner{connection, known.state_schema};
  std::vector<TargetChange> changes;
  for (const Target& target : released)
    changes.push_back({.ddl = planner.plan_release(known, target),
                       .words = {fmt::format("the target {} is let go: its table stays with its "
                                             "rows, and nothing keeps it up any more",
                                             target.qualified_name())}});
  return changes;
}

}  // namespace dynamite
