#include "engine/followed_stream.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/arn.hpp"
#include "core/visible.hpp"
#include "engine/followable.hpp"
#include "engine/shard_lane.hpp"
#include "replica/state/checkpoints.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kChildrenInterval{1'000};  // until an ended shard's are listed
constexpr auto kTidyInterval = 60s;
constexpr auto kExpiryInterval = 1h;  // of histories

}  // namespace

FollowedStream::FollowedStream(std::shared_ptr<TableState> table, const TaskContext& context)
    : table_{std::move(table)},
      dynamodb_{context.dynamodb},
      lanes_{context.lanes},
      options_{context.options},
      discovery_interval_{context.discovery_interval} {}

bool FollowedStream::readers_open() const { return there_ && table_->shards.all_open(); }

void FollowedStream::expect_all_before_now() {
  drain_from_ = options_.clock->now();
  drain_from_time_ = options_.clock->time();
}

void FollowedStream::expect_all_of_shards_listed_anew() {
  expect_all_before_now();
  discovered_ = {};
}

bool FollowedStream::caught_up() const {
  return there_ && discovered_ >= drain_from_ && waiting_ == 0 && childless_ == 0 &&
         table_->shards.caught_up_since(drain_from_, drain_from_time_);
}

bool FollowedStream::drained() const { return table_->shards.drained_since(drain_from_); }

bool FollowedStream::note_caught_up(Worker& worker) {
  const TimePoint now = options_.clock->now();
  if (now - followed_noted_ < discovery_interval_ / 2) return false;  // it needs a discovery
  followed_noted_ = now;
  check_presence(worker);
  const auto read_up_to = now - drain_from_;
  expect_all_before_now();  // the next note needs every shard to have been read up to this one
  note_followed(worker.connection(), table_->replica, table_->owner,
                std::chrono::duration_cast<std::chrono::seconds>(read_up_to));
  if (now - tidied_ >= kTidyInterval) {
    tidied_ = now;
    tidy(worker);
  }
  return true;
}

void FollowedStream::tidy(Worker& worker) {
  forget_old(worker);
  expire_tombstones(worker.connection(), table_->replica);
  DeadLetters{worker.connection(), table_->replica}.discard_overtaken();
  if (tidied_ - expired_ < kExpiryInterval) return;
  expired_ = tidied_;
  expire_histories(worker.connection(), table_->replica);
}

void FollowedStream::forget_old(Worker& worker) {
  const std::string prefix = shard_lane(stream_label_, "");
  for (const std::string& lane : forget_old_shards(worker.connection(), table_->replica)) {
    if (!lane.starts_with(prefix)) continue;  // of an older stream
    const std::string shard = lane.substr(prefix.size());
    known_.erase(shard);
    positions_.erase(shard);
    table_->shards.forget(shard);
  }
}

void FollowedStream::look(Worker& worker) {
  const bool requested = table_->shards.take_discovery_request();
  if (requested || discovery_due()) discover(worker);
}

bool FollowedStream::discovery_due() const {
  return discovered_ == TimePoint{} || discovered_ < drain_from_ ||
         options_.clock->now() - discovered_ >
             (childless_ > 0 ? kChildrenInterval : discovery_interval_);
}

void FollowedStream::discover(Worker& worker) {
  const TimePoint now = options_.clock->now();
  std::optional<std::string> problem;
  try {
    problem = look_at_source(worker);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone || ends_by_itself(options_.run)) throw;
    problem = error.what();
  }
  there_ = !problem;
  table_->set_source_problem(problem.value_or(""));
  discovered_ = now;
}

/// Why the table cannot be followed now; absent: it can, and its shards are looked after. A stream
/// that is off may be switched on again, and a deleted table may be made again: either has another
/// stream then, which is a gap. Until then the rest of the old stream is read.
std::optional<std::string> FollowedStream::look_at_source(Worker& worker) {
  const TableDescription description =
      dynamodb_.describe_table(table_->replica.name(), worker.stop());
  require_same_table(description, *table_->replica.source);
  if (ends_by_itself(options_.run)) require_followable(description);
  std::optional<std::string> problem = why_unfollowable(description);
  if (problem) {
    if (!stream_arn_.empty())
      start_shards(worker, dynamodb_.describe_stream(stream_arn_, worker.stop()));
    return problem;
  }
  const StreamArn arn = parse_stream_arn(description.latest_stream_arn);
  if (stream_arn_ != description.latest_stream_arn)
    enter_stream(worker, description.latest_stream_arn, arn.generation);
  start_shards(worker, dynamodb_.describe_stream(stream_arn_, worker.stop()));
  return std::nullopt;
}

// Changes that were made between two streams are in neither stream. A pass that begins after the
// readers of the new stream are open heals them. The same pass heals what was not read of the old
// stream: from its beginning on, no record of the old stream is applied, not even one in flight.
// A step that fails on the way is repeated whole: the stream is entered only when all is known of
// it.
void FollowedStream::enter_stream(Worker& worker, const std::string& stream_arn,
                                  std::uint64_t generation) {
  pg::Connection& connection = worker.connection();
  if (const auto gap = note_stream(connection, table_->replica, stream_arn, generation))
    say_gap(*gap);
  // The stream may have been noted before by a step whose answer was lost.
  if (Passes{connection, table_->replica}.state().gap_open) table_->gap_recorded();
  const std::string label = parse_stream_arn(stream_arn).label;
  const std::string prefix = shard_lane(label, "");
  const auto checkpoints = load_checkpoints(connection, table_->replica, prefix);
  stream_arn_ = stream_arn;
  stream_label_ = label;
  known_.clear();
  positions_.clear();
  for (const auto& [lane, checkpoint] : checkpoints) {
    const std::string shard = lane.substr(prefix.size());
    known_[shard] = checkpoint.finished;
    positions_[shard] = checkpoint.position;
  }
  table_->shards.enter_stream(generation);
  check_presence(worker);
}

// While nobody followed, a shard may have come and gone, or records may have been trimmed, without
// leaving a trace in the list of shards.
void FollowedStream::check_presence(Worker& worker) {
  const auto away = since_followed(worker.connection(), table_->replica);
  if (!away || *away <= kAwayMax) return;
  record_gap_of(worker, "",
                fmt::format("nobody followed the stream for {} h", away->count() / 3600));
  expect_all_before_now();  // the pass brings what is older
  note_followed(worker.connection(), table_->replica, table_->owner, 0s);
}

void FollowedStream::start_shards(Worker& worker, const StreamDescription& stream) {
  for (const auto& [shard, finished] : table_->shards.shards()) known_[shard] = finished;
  const Lineage lineage = shard_lineage(stream.shards, known_);
  if (!lineage.gap.empty() && !table_->shards.running(lineage.gap_shard)) {
    record_gap_of(worker, lineage.gap_shard, lineage.gap);
    finish_lost_shard(worker, lineage.gap_shard);
  }
  waiting_ = lineage.waiting;
  childless_ = lineage.childless;
  for (const std::string& shard : lineage.readable) {
    if (table_->shards.running(shard)) continue;
    table_->shards.started(shard, options_.clock->now());
    std::make_shared<ShardLane>(lanes_, table_, dynamodb_,
                                ShardPlace{.table = table_->replica.source,
                                           .stream_arn = stream_arn_,
                                           .generation = table_->shards.generation(),
                                           .shard_id = shard},
                                positions_[shard], options_)
        ->start();
  }
}

// With a checkpoint at its end, the shard is never looked for again.
void FollowedStream::finish_lost_shard(Worker& worker, const std::string& shard) {
  known_[shard] = true;
  const Batch nothing;
  worker.applier().apply({.table = table_->replica,
                          .batch = nothing,
                          .fence = {.writer = ByFollower{table_->owner.load()}},
                          .checkpoint = Checkpoint{shard_lane(stream_label_, shard), "", true}},
                         worker.limits());
}

void FollowedStream::record_gap_of(Worker& worker, const std::string& shard,
                                   const std::string& reason) {
  const Gap gap{.stream_arn = stream_arn_, .shard_id = shard, .reason = reason};
  record_gap(worker.connection(), table_->replica, gap);
  say_gap(gap);
}

void FollowedStream::say_gap(const Gap& gap) {
  spdlog::error("gap table={} shard={} reason={}", log_value(table_->replica.name()), gap.shard_id,
                in_quotes(gap.reason));
  table_->gap_recorded();
}

}  // namespace dynamite
