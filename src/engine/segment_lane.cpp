#include "engine/segment_task.hpp"

#include <spdlog/spdlog.h>

#include "replica/pass.hpp"

namespace dynamite {

SegmentTask::SegmentTask(std::shared_ptr<TableState> table, std::int32_t epoch,
                         SegmentReader reader, const EngineOptions& options)
    : table_{std::move(table)},
      epoch_{epoch},
      lane_{segment_lane(epoch, reader.number())},
      reader_{std::move(reader)},
      clock_{*options.clock},
      waits_{options.follow && !options.once} {}

std::string SegmentTask::name() const { return table_->replica.table + "/" + lane_; }

// A follower waits for a table that was deleted: it may be made again.
Turn SegmentTask::read(const std::stop_token& stop) {
  try {
    return reader_.next(stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone || !waits_) throw;
    throw Error{Error::Kind::transient, error.what()};
  }
}

std::optional<TimePoint> SegmentTask::step(Worker& worker) {
  if (table_->ended()) return std::nullopt;
  if (!pending_) {
    const TimePoint now = clock_.now();
    if (table_->read_rate.next() > now) return table_->read_rate.next();
    pending_ = read(worker.stop());
    table_->read_rate.spend(pending_->capacity_units, now);
  }
  const ApplyOutcome outcome = worker.applier().apply(
      {.table = table_->replica,
       .batch = *pending_->batch,
       .fence = {.owner = std::nullopt, .pass = epoch_, .deadline = std::nullopt},
       .checkpoint =
           Checkpoint{
               .lane = lane_, .position = pending_->position, .finished = pending_->finished}},
      worker.limits());
  table_->items_scanned += outcome.records;
  spdlog::debug("scanned lane={} items={} rows={}", name(), outcome.records, outcome.applied);
  const bool finished = pending_->finished;
  pending_.reset();
  if (!finished) return clock_.now();
  table_->segment_finished();
  return std::nullopt;
}

}  // namespace dynamite
