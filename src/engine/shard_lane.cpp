#include "engine/shard_task.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/arn.hpp"
#include "replica/follower.hpp"
#include "replica/pass.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleDelayMin = 50ms;

Micros newest_time(const Batch& batch) {
  const auto newest = std::ranges::max_element(batch.changes, {}, &Change::time);
  return newest == batch.changes.end() ? Micros{} : newest->time;
}

}  // namespace

std::string ShardTask::lane(const std::string& stream_label, const std::string& shard_id) {
  return "shard/" + stream_label + "/" + shard_id;
}

ShardTask::ShardTask(std::shared_ptr<TableState> table, DynamoDb& dynamodb, ShardPlace place,
                     std::string position, const EngineOptions& options)
    : table_{std::move(table)},
      dynamodb_{dynamodb},
      place_{std::move(place)},
      options_{options},
      lane_{lane(parse_stream_arn(place_.stream_arn).label, place_.shard_id)},
      reader_{dynamodb, place_, std::move(position)} {}

std::string ShardTask::name() const { return table_->replica.table + "/" + lane_; }

bool ShardTask::superseded() const {
  return table_->ended() || table_->generation != place_.generation;
}

void ShardTask::fail(const Error& error) {
  if (!superseded()) table_->fail(error);
}

std::optional<TimePoint> ShardTask::step(Worker& worker) {
  if (superseded()) return std::nullopt;
  if (pending_) return apply(worker);
  try {
    return read(worker);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gap && error.kind() != Error::Kind::gone) throw;
    lost(worker, error);
    return apply(worker);
  }
}

std::optional<TimePoint> ShardTask::read(Worker& worker) {
  const TimePoint asked = options_.clock->now();
  Turn turn = reader_.next(worker.stop());
  table_->shard_opened(place_.shard_id);
  table_->shard_progressed(place_.shard_id, options_.clock->now());
  if (!turn.batch && !turn.finished) {
    table_->shard_idle(place_.shard_id, asked);
    return when_idle();
  }
  if (turn.batch) table_->shard_busy(place_.shard_id, newest_time(*turn.batch));
  idle_delay_ = {};
  pending_ = std::move(turn);
  return apply(worker);
}

// A table that was deleted has no items to be read: it may be made again.
Batch ShardTask::read_images(const Batch& batch, const std::stop_token& stop) {
  try {
    return read_back(dynamodb_, batch, 0, stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone) throw;
    throw Error{Error::Kind::transient, error.what()};
  }
}

std::optional<TimePoint> ShardTask::apply(Worker& worker) {
  if (superseded()) return std::nullopt;
  const Turn& turn = *pending_;
  Batch images_read;
  Fence fence{.owner = table_->owner};
  const Batch* batch = turn.batch ? &*turn.batch : &images_read;
  if (lacks_images(*batch, 0)) {
    fence.epoch = Passes{worker.connection(), table_->replica}.epoch();
    images_read = read_images(*batch, worker.stop());
    batch = &images_read;
  }
  const ApplyOutcome outcome = worker.applier().apply(
      {.table = table_->replica,
       .batch = *batch,
       .fence = fence,
       .checkpoint =
           Checkpoint{.lane = lane_, .position = turn.position, .finished = turn.finished}},
      worker.limits());
  table_->changes_applied += outcome.records;
  table_->shard_progressed(place_.shard_id, options_.clock->now());
  spdlog::debug("applied lane={} records={} changes={} rows={} dead_letters={}", name(),
                outcome.records, outcome.changes, outcome.applied, outcome.dead_letters);
  const bool finished = turn.finished;
  pending_.reset();
  if (!finished) return options_.clock->now();
  table_->shard_finished(place_.shard_id);
  return std::nullopt;
}

// Records behind the position are gone. The shard goes on at its horizon if it still has one; the
// gap brings a new pass.
void ShardTask::lost(Worker& worker, const Error& error) {
  record_gap(
      worker.connection(), table_->replica,
      {.stream_arn = place_.stream_arn, .shard_id = place_.shard_id, .reason = error.what()});
  spdlog::error("gap lane={} reason=\"{}\"", name(), error.what());
  table_->gap_recorded();
  reader_ = ShardReader{dynamodb_, place_, ""};
  try {
    pending_ = reader_.next(worker.stop());
  } catch (const Error& again) {
    if (again.kind() != Error::Kind::gap && again.kind() != Error::Kind::gone) throw;
    pending_ = Turn{.batch = std::nullopt, .position = "", .finished = true};
  }
  table_->shard_opened(place_.shard_id);
}

TimePoint ShardTask::when_idle() {
  idle_delay_ = std::min<std::chrono::milliseconds>(
      std::max<std::chrono::milliseconds>(idle_delay_ * 2, kIdleDelayMin), options_.idle_poll_max);
  return options_.clock->now() + idle_delay_;
}

}  // namespace dynamite
