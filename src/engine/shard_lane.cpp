#include "engine/shard_lane.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/arn.hpp"
#include "core/visible.hpp"
#include "replica/apply/late_records.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleDelayMin = 50ms;

}  // namespace

std::string shard_lane(const std::string& stream_label, const std::string& shard_id) {
  return "shard/" + stream_label + "/" + shard_id;
}

ShardLane::ShardLane(const LaneContext& context, std::shared_ptr<TableState> table,
                     DynamoDb& dynamodb, ShardPlace place, const std::string& position,
                     const EngineOptions& options)
    : Lane{context, std::move(table),
           shard_lane(parse_stream_arn(place.stream_arn).label, place.shard_id)},
      dynamodb_{dynamodb},
      place_{std::move(place)},
      options_{options},
      reader_{dynamodb, place_, position} {}

bool ShardLane::ended() const {
  return table().ended() || table().shards.generation() != place_.generation;
}

void ShardLane::fail(const Error& error) {
  if (!ended()) table().fail(error);
}

// After a loss the shard is read from its horizon on. A loss right there ends the lane: nothing of
// the shard is left.
Lane::Ahead ShardLane::read(const std::stop_token& stop) {
  Ahead ahead;
  try {
    ahead.page = reader_.next(stop);
  } catch (const Error& error) {
    if (!is_loss(error)) throw;
    if (after_loss_)
      ahead.page.finished = true;
    else
      ahead.loss = error;
    return ahead;
  }
  after_loss_ = false;
  const auto& batch = ahead.page.batch;
  if (batch && !must_be_read_back(*batch, table().replica))
    ahead.prepared = prepare_rows(batch->changes, table().replica);
  if (batch)
    idle_delay_ = {};
  else if (!ahead.page.finished)
    read_due_ = when_idle();
  return ahead;
}

TimePoint ShardLane::when_idle() {
  idle_delay_ = std::min<std::chrono::milliseconds>(
      std::max<std::chrono::milliseconds>(idle_delay_ * 2, kIdleDelayMin), options_.idle_poll_max);
  return context().clock.now() + idle_delay_;
}

void ShardLane::apply(Worker& worker, const Ahead& ahead) {
  const Page& page = ahead.page;
  table().shards.opened(place_.shard_id);
  table().shards.progressed(place_.shard_id, context().clock.now());
  if (!page.batch && !page.finished) {
    table().shards.idle(place_.shard_id, ahead.asked);
    return;
  }
  table().shards.busy(place_.shard_id);
  apply_batch(worker, ahead);
  if (const auto newest = page.batch ? newest_time(*page.batch) : std::nullopt)
    table().shards.applied(place_.shard_id, *newest);
  table().shards.progressed(place_.shard_id, context().clock.now());
  if (page.finished) table().shards.finished(place_.shard_id);
}

void ShardLane::apply_batch(Worker& worker, const Ahead& ahead) {
  const Page& page = ahead.page;
  Batch images_read;
  const std::int64_t owner = table().owner;
  Fence fence{.writer = ByFollower{owner}};
  const Batch* batch = page.batch ? &*page.batch : &images_read;
  if (must_be_read_back(*batch, table().replica)) {
    fence.writer = ByReadBack{Passes{worker.connection(), table().replica}.epoch(), owner};
    images_read = read_images(*batch, worker.stop());
    batch = &images_read;
  }
  const ApplyOutcome outcome = worker.applier().apply(
      {.table = table().replica,
       .batch = *batch,
       .prepared = ahead.prepared ? &*ahead.prepared : nullptr,
       .fence = fence,
       .checkpoint =
           Checkpoint{.lane = lane(), .position = page.position, .finished = page.finished},
       .on_sent = [this] { sent(); }},
      worker.limits());
  table().changes_applied += outcome.records;
  spdlog::debug("applied lane={} records={} changes={} rows={} dead_letters={}", name(),
                outcome.records, outcome.changes, outcome.applied, outcome.dead_letters);
}

// A deleted table has no items. It may be made again: the lane waits for it.
Batch ShardLane::read_images(const Batch& batch, const std::stop_token& stop) {
  try {
    return read_back(dynamodb_, batch, stop);
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::gone) throw Error{Error::Kind::transient, error.what()};
    if (lacks_images(batch)) throw;
    throw error_of_late_records(error);
  }
}

// The records behind the position are gone. The gap that is recorded brings a new pass.
void ShardLane::lose(Worker& worker, const Error& loss) {
  record_gap(worker.connection(), table().replica,
             {.stream_arn = place_.stream_arn, .shard_id = place_.shard_id, .reason = loss.what()});
  spdlog::error("gap lane={} reason={}", log_value(name()), in_quotes(loss.what()));
  table().gap_recorded();
  table().shards.opened(place_.shard_id);
  reader_ = ShardReader{dynamodb_, place_, ""};
  after_loss_ = true;
}

}  // namespace dynamite
