#include "engine/promotion_task.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/visible.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWhat = "giving attributes columns";
constexpr auto kLook = 60s;
constexpr auto kBusyPause = 1s;  // those who queued behind us go first

}  // namespace

PromotionTask::PromotionTask(std::shared_ptr<TableState> table, const TaskContext& context)
    : table_{std::move(table)}, clock_{context.lanes.clock}, promotion_{table_->replica} {}

bool PromotionTask::is_needed(const Replica& replica) {
  return std::ranges::any_of(replica.targets, [](const Target& target) {
    return target.mapping.rules.layout == LayoutKind::columns;
  });
}

void PromotionTask::note_repeat(const Error& error, TimePoint since) {
  table_->note_repeat(kWhat, error, since);
}

void PromotionTask::note_recovery() { table_->note_recovery(kWhat); }

TimePoint PromotionTask::in_a_minute() const { return clock_.now() + kLook; }

std::optional<TimePoint> PromotionTask::step(Worker& worker) {
  if (table_->ended()) return std::nullopt;
  if (!std::exchange(started_, true) && !promotion_.is_filling()) return in_a_minute();
  try {
    const TimePoint next = step_promotion(worker);
    if (std::exchange(failing_since_, {})) note_recovery();
    return next;
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::transient) throw;
    if (!failing_since_) failing_since_ = clock_.now();
    note_repeat(error, *failing_since_);
    return in_a_minute();
  }
}

TimePoint PromotionTask::step_promotion(Worker& worker) {
  const bool was_filling = promotion_.is_filling();
  const std::size_t added = promotion_.added().size();
  const PromotionStep done = promotion_.step(worker.connection());
  for (std::size_t i = added; i < promotion_.added().size(); ++i)
    spdlog::info("column added table={} what={}", log_value(table_->replica.name()),
                 in_quotes(promotion_.added()[i]));
  if (done == PromotionStep::moved && was_filling && !promotion_.is_filling())
    spdlog::info("columns filled table={}", log_value(table_->replica.name()));
  switch (done) {
    case PromotionStep::idle:
      return in_a_minute();
    case PromotionStep::busy:
      return clock_.now() + kBusyPause;
    case PromotionStep::changed:
    case PromotionStep::moved:
      break;
  }
  return clock_.now();
}

}  // namespace dynamite
