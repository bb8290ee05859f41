#include "engine/table_task.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/arn.hpp"
#include "core/visible.hpp"
#include "engine/followable.hpp"
#include "engine/page_lane.hpp"
#include "engine/shard_lane.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kChildrenInterval{1'000};  // until an ended shard's are listed
constexpr auto kLook = 100ms;  // between looks at what the lanes have done
constexpr auto kTidyInterval = 60s;

}  // namespace

TableTask::TableTask(std::shared_ptr<TableState> table, const TaskContext& context)
    : table_{std::move(table)},
      dynamodb_{context.dynamodb},
      lanes_{context.lanes},
      options_{context.options},
      discovery_interval_{context.discovery_interval} {
  if (!follows(options_.run)) phase_ = Phase::decide;
}

std::optional<TimePoint> TableTask::step(Worker& worker) {
  if (table_->ended()) return std::nullopt;
  if (follows(options_.run) && discovery_due()) discover(worker);
  switch (phase_) {
    case Phase::open_readers:
      open_readers();
      break;
    case Phase::decide:
      decide(worker);
      break;
    case Phase::scan:
      if (caught_up()) note_followed_now(worker);
      if (table_->segments_left() == 0) phase_ = Phase::sweep;
      break;
    case Phase::sweep:
      sweep(worker);
      break;
    case Phase::follow:
      follow(worker);
      break;
  }
  return options_.clock->now() + kLook;
}

// The readers are open before the first page is scanned: what changes behind the scan's back is in
// the stream from here on.
void TableTask::open_readers() {
  if (source_there_ && table_->all_open()) phase_ = Phase::decide;
}

void TableTask::decide(Worker& worker) {
  table_->forget_gap();
  expect_all_before_now();
  const PassState pass = Passes{worker.connection(), table_->replica}.state();
  epoch_ = pass.epoch;
  const bool unfinished = pass.phase != PassState::Phase::none;
  const bool needed =
      unfinished || pass.gap_open || pass.completed_epoch == 0 || !follows(options_.run);
  if (pass.gap_open && follows(options_.run) && options_.on_gap == OnGap::stop) stop_at_gap();
  if (!makes_passes(options_.run) || !needed) {
    enter_follow();
  } else if (pass.phase == PassState::Phase::sweeping) {
    phase_ = Phase::sweep;
  } else if (pass.phase == PassState::Phase::running && !pass.gap_since_start) {
    spdlog::info("resuming pass table={} epoch={}", log_value(name()), epoch_);
    table_->loads = pass.completed_epoch == 0;
    table_->pass_started(pass.segments);
    add_segments(worker);
  } else {
    begin_pass(worker);
  }
}

void TableTask::stop_at_gap() {
  throw Error{
      Error::Kind::gap,
      fmt::format("records of \"{}\" were lost: see the table `gap` of the state schema", name()),
      fmt::format("`dynamite snapshot --table {}` heals it, or set on_gap = \"resnapshot\"",
                  table_name_of(table_->replica.source->arn))};
}

void TableTask::begin_pass(Worker& worker) {
  const auto segments = static_cast<std::int32_t>(table_->segments);
  Passes passes{worker.connection(), table_->replica};
  epoch_ = passes.start({.segments = segments, .oldest_generation = oldest_generation(worker)},
                        worker.stop());
  table_->loads = passes.replica_is_empty();
  table_->items_scanned = 0;
  table_->pass_started(segments);
  const auto units = table_->read_rate.units_per_second();
  spdlog::info("pass started table={} epoch={} segments={} read_units_per_second={}",
               log_value(name()), epoch_, segments,
               units ? fmt::format("{:.0f}", *units) : "unlimited");
  add_segments(worker);
}

/// Of the stream that is on; of a later one if it is off.
std::uint64_t TableTask::oldest_generation(Worker& worker) {
  if (follows(options_.run)) return table_->generation;
  const TableDescription table =
      dynamodb_.describe_table(table_name_of(table_->replica.source->arn), worker.stop());
  if (table.latest_stream_arn.empty()) return 0;
  const std::uint64_t latest = parse_stream_arn(table.latest_stream_arn).generation;
  if (!table.stream_enabled) return latest + 1;
  note_stream(worker.connection(), table_->replica, table.latest_stream_arn, latest);
  return latest;
}

void TableTask::add_segments(Worker& worker) {
  const auto checkpoints =
      load_checkpoints(worker.connection(), table_->replica, fmt::format("segment/{}/", epoch_));
  const std::int32_t total = table_->segments_left();
  for (std::int32_t segment = 0; segment < total; ++segment) {
    const auto known = checkpoints.find(segment_lane(epoch_, segment));
    if (known != checkpoints.end() && known->second.finished) {
      table_->segment_finished();
      continue;
    }
    ScanReader reader{
        dynamodb_,
        {.table = table_->replica.source, .segment = segment, .total_segments = total},
        known == checkpoints.end() ? "" : known->second.position};
    std::make_shared<PageLane>(lanes_, table_, epoch_, std::move(reader),
                               ends_by_itself(options_.run) ? WhenGone::fail : WhenGone::wait)
        ->start();
  }
  phase_ = Phase::scan;
}

void TableTask::sweep(Worker& worker) {
  Passes passes{worker.connection(), table_->replica};
  passes.begin_sweep(epoch_, worker.stop());
  const SweepOutcome swept = passes.sweep(epoch_, options_.apply, worker.stop());
  spdlog::info("pass complete table={} epoch={} items={} swept={}", log_value(name()), epoch_,
               table_->items_scanned.load(), swept.deleted);
  if (swept.kept > 0)
    spdlog::warn("rows without an item cannot be deleted table={} epoch={} dead_letters={}",
                 log_value(name()), epoch_, swept.kept);
  if (follows(options_.run))
    phase_ = Phase::decide;  // a gap that was noticed since this pass began needs another
  else
    table_->end();
}

void TableTask::enter_follow() {
  phase_ = Phase::follow;
  following_ = false;
  expect_all_before_now();
  discovered_ = {};  // the shards as they are now are what must be read
}

void TableTask::expect_all_before_now() {
  drain_from_ = options_.clock->now();
  drain_from_time_ = options_.clock->time();
}

void TableTask::follow(Worker& worker) {
  if (table_->gap_open() && (makes_passes(options_.run) || options_.on_gap == OnGap::stop)) {
    phase_ = Phase::open_readers;
    return;
  }
  if (!caught_up()) return;
  const bool drained = table_->drained_since(drain_from_);
  if (!following_) {
    note_state(worker.connection(), table_->replica, table_->owner, "following");
    following_ = true;
    spdlog::info("following table={}", log_value(name()));
  }
  note_followed_now(worker);
  if (ends_by_itself(options_.run) && drained && !table_->gap_open()) table_->end();
}

// Every record from before drain_from_ was read.
bool TableTask::caught_up() const {
  return follows(options_.run) && source_there_ && discovered_ >= drain_from_ && waiting_ == 0 &&
         childless_ == 0 && table_->caught_up_since(drain_from_, drain_from_time_);
}

void TableTask::note_followed_now(Worker& worker) {
  const TimePoint now = options_.clock->now();
  if (now - followed_noted_ < discovery_interval_ / 2) return;  // it needs a discovery
  followed_noted_ = now;
  check_presence(worker);
  const auto read_up_to = now - drain_from_;
  expect_all_before_now();  // the next note needs every shard to have been read up to this one
  note_followed(worker.connection(), table_->replica, table_->owner,
                std::chrono::duration_cast<std::chrono::seconds>(read_up_to));
  if (now - tidied_ < kTidyInterval) return;
  tidied_ = now;
  forget_old(worker);
  expire_tombstones(worker.connection(), table_->replica);
  DeadLetters{worker.connection(), table_->replica}.discard_overtaken();
}

void TableTask::forget_old(Worker& worker) {
  const std::string prefix = shard_lane(stream_label_, "");
  for (const std::string& lane : forget_old_shards(worker.connection(), table_->replica)) {
    if (!lane.starts_with(prefix)) continue;  // of an older stream
    const std::string shard = lane.substr(prefix.size());
    known_.erase(shard);
    positions_.erase(shard);
    table_->forget_shard(shard);
  }
}

bool TableTask::discovery_due() {
  const bool requested = table_->take_discovery_request();
  return requested || discovered_ == TimePoint{} || discovered_ < drain_from_ ||
         options_.clock->now() - discovered_ >
             (childless_ > 0 ? kChildrenInterval : discovery_interval_);
}

void TableTask::discover(Worker& worker) {
  const TimePoint now = options_.clock->now();
  std::optional<std::string> problem;
  try {
    problem = look_at_source(worker);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone || ends_by_itself(options_.run)) throw;
    problem = error.what();
  }
  source_there_ = !problem;
  table_->set_source_problem(problem.value_or(""));
  discovered_ = now;
}

/// Why it cannot be followed now; absent: it can, and its shards are looked after. A stream that is
/// off, or a table that was deleted, may come back: with another stream, which is a gap. Until then
/// what is left of the old one is read.
std::optional<std::string> TableTask::look_at_source(Worker& worker) {
  const TableDescription description =
      dynamodb_.describe_table(table_name_of(table_->replica.source->arn), worker.stop());
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

// Changes made between two streams are in neither: a pass that begins after the new one's readers
// are open heals that, and whatever was left unread in the old one: of that nothing is applied any
// more from then on, also what is in flight.
// A step that fails on the way is repeated whole: the stream is ours once all is known of it.
void TableTask::enter_stream(Worker& worker, const std::string& stream_arn,
                             std::uint64_t generation) {
  pg::Connection& connection = worker.connection();
  if (const auto gap = note_stream(connection, table_->replica, stream_arn, generation))
    say_gap(*gap);
  // It may have been noted before, although the answer was lost.
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
  table_->forget_shards();
  table_->generation = generation;
  check_presence(worker);
}

// A shard that came and went meanwhile, or whose records did, may look as if nothing was missed.
void TableTask::check_presence(Worker& worker) {
  const auto away = since_followed(worker.connection(), table_->replica);
  if (!away || *away <= kAwayMax) return;
  note_gap(worker, "", fmt::format("nobody followed the stream for {} h", away->count() / 3600));
  expect_all_before_now();  // the pass brings what is older
  note_followed(worker.connection(), table_->replica, table_->owner, 0s);
}

void TableTask::start_shards(Worker& worker, const StreamDescription& stream) {
  for (const auto& [shard, finished] : table_->shards()) known_[shard] = finished;
  const Lineage lineage = shard_lineage(stream.shards, known_);
  if (!lineage.gap.empty() && !table_->running(lineage.gap_shard)) {
    note_gap(worker, lineage.gap_shard, lineage.gap);
    known_[lineage.gap_shard] = true;
    const Batch nothing;
    worker.applier().apply(
        {.table = table_->replica,
         .batch = nothing,
         .fence = {.owner = table_->owner.load()},
         .checkpoint = Checkpoint{shard_lane(stream_label_, lineage.gap_shard), "", true}},
        worker.limits());
  }
  waiting_ = lineage.waiting;
  childless_ = lineage.childless;
  for (const std::string& shard : lineage.readable) {
    if (table_->running(shard)) continue;
    table_->shard_started(shard, options_.clock->now());
    std::make_shared<ShardLane>(lanes_, table_, dynamodb_,
                                ShardPlace{.table = table_->replica.source,
                                           .stream_arn = stream_arn_,
                                           .generation = table_->generation,
                                           .shard_id = shard},
                                positions_[shard], options_)
        ->start();
  }
}

void TableTask::note_gap(Worker& worker, const std::string& shard, const std::string& reason) {
  const Gap gap{.stream_arn = stream_arn_, .shard_id = shard, .reason = reason};
  record_gap(worker.connection(), table_->replica, gap);
  say_gap(gap);
}

void TableTask::say_gap(const Gap& gap) {
  spdlog::error("gap table={} shard={} reason={}", log_value(name()), gap.shard_id,
                in_quotes(gap.reason));
  table_->gap_recorded();
}

}  // namespace dynamite
