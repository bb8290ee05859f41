#include "engine/table_task.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/arn.hpp"
#include "core/visible.hpp"
#include "engine/page_lane.hpp"
#include "replica/state/checkpoints.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 100ms;  // between looks at what the lanes have done

}  // namespace

TableTask::TableTask(std::shared_ptr<TableState> table, const TaskContext& context)
    : table_{std::move(table)},
      dynamodb_{context.dynamodb},
      lanes_{context.lanes},
      options_{context.options} {
  if (follows(options_.run))
    stream_.emplace(table_, context);
  else
    phase_ = Phase::decide;
}

std::optional<TimePoint> TableTask::step(Worker& worker) {
  if (table_->ended()) return std::nullopt;
  if (stream_) stream_->look(worker);
  switch (phase_) {
    case Phase::open_readers:
      // The readers are open before the first page is scanned: what changes during the scan will be
      // read from the stream.
      if (stream_->readers_open()) phase_ = Phase::decide;
      break;
    case Phase::decide:
      decide(worker);
      break;
    case Phase::scan:
      scan(worker);
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

void TableTask::decide(Worker& worker) {
  table_->forget_gap();
  if (stream_) stream_->expect_all_before_now();
  const PassState pass = Passes{worker.connection(), table_->replica}.state();
  epoch_ = pass.epoch;
  completed_epoch_ = pass.completed_epoch;
  const bool unfinished = pass.phase != PassState::Phase::none;
  const bool needed = unfinished || pass.gap_open || pass.needs_pass() || !stream_;
  if (pass.gap_open && stream_ && options_.on_gap == OnGap::stop) stop_at_gap();
  if (!makes_passes(options_.run) || !needed)
    enter_follow();
  else if (pass.phase == PassState::Phase::sweeping)
    phase_ = Phase::sweep;
  else if (pass.phase == PassState::Phase::running && !pass.is_overtaken())
    resume_pass(worker, pass);
  else
    begin_pass(worker);
}

void TableTask::stop_at_gap() {
  throw Error{
      Error::Kind::gap,
      fmt::format("records of \"{}\" were lost: see the table `gap` of the state schema", name()),
      fmt::format("`dynamite snapshot --table {}` heals it, or set on_gap = \"resnapshot\"",
                  name())};
}

void TableTask::resume_pass(Worker& worker, const PassState& pass) {
  spdlog::info("resuming pass table={} epoch={}", log_value(name()), epoch_);
  table_->pass.loads = pass.completed_epoch == 0;
  table_->pass.begin(pass.segments);
  add_segments(worker);
}

void TableTask::begin_pass(Worker& worker) {
  table_->replica.require_hash_key();  // before what was applied so far counts as older
  const auto segments = static_cast<std::int32_t>(table_->segments);
  Passes passes{worker.connection(), table_->replica};
  epoch_ = passes.start({.segments = segments, .oldest_generation = oldest_generation(worker)},
                        worker.stop());
  table_->pass.loads = passes.replica_is_empty();
  table_->pass.items_scanned = 0;
  table_->pass.begin(segments);
  const auto units = table_->pass.read_rate.units_per_second();
  spdlog::info("pass started table={} epoch={} segments={} read_units_per_second={}",
               log_value(name()), epoch_, segments,
               units ? fmt::format("{:.0f}", *units) : "unlimited");
  add_segments(worker);
}

/// The generation of the stream that is on. If none is on, one later than the last stream's.
std::uint64_t TableTask::oldest_generation(Worker& worker) {
  if (stream_) return table_->shards.generation();
  const TableDescription table = dynamodb_.describe_table(table_->replica.name(), worker.stop());
  if (table.latest_stream_arn.empty()) return 0;
  const std::uint64_t latest = parse_stream_arn(table.latest_stream_arn).generation;
  if (!table.stream_enabled) return latest + 1;
  note_stream(worker.connection(), table_->replica, table.latest_stream_arn, latest);
  return latest;
}

void TableTask::add_segments(Worker& worker) {
  const auto checkpoints =
      load_checkpoints(worker.connection(), table_->replica, fmt::format("segment/{}/", epoch_));
  const std::int32_t total = table_->pass.segments_left();
  for (std::int32_t segment = 0; segment < total; ++segment) {
    const auto known = checkpoints.find(segment_lane(epoch_, segment));
    if (known != checkpoints.end() && known->second.finished) {
      table_->pass.segment_finished();
      continue;
    }
    ScanReader reader{
        dynamodb_,
        {.table = table_->replica.source, .segment = segment, .total_segments = total},
        known == checkpoints.end() ? "" : position_of(table_->replica, known->second.position)};
    std::make_shared<PageLane>(lanes_, table_, epoch_, std::move(reader),
                               ends_by_itself(options_.run) ? WhenGone::fail : WhenGone::wait)
        ->start();
  }
  phase_ = Phase::scan;
}

void TableTask::scan(Worker& worker) {
  if (stream_ && stream_->caught_up()) stream_->note_caught_up(worker);
  if (table_->pass.segments_left() == 0) phase_ = Phase::sweep;
}

void TableTask::sweep(Worker& worker) {
  Passes passes{worker.connection(), table_->replica};
  passes.begin_sweep(epoch_, worker.stop());
  const SweepOutcome swept = passes.sweep(epoch_, options_.apply, worker.stop());
  spdlog::info("pass complete table={} epoch={} items={} swept={}", log_value(name()), epoch_,
               table_->pass.items_scanned.load(), swept.deleted);
  if (swept.kept > 0)
    spdlog::warn("rows without an item cannot be deleted table={} epoch={} dead_letters={}",
                 log_value(name()), epoch_, swept.kept);
  if (stream_)
    phase_ = Phase::decide;  // a gap that was noticed since this pass began needs another pass
  else
    table_->end();
}

void TableTask::enter_follow() {
  phase_ = Phase::follow;
  following_ = false;
  stream_->expect_all_of_shards_listed_anew();
}

void TableTask::follow(Worker& worker) {
  if (table_->gap_open() && (makes_passes(options_.run) || options_.on_gap == OnGap::stop)) {
    phase_ = Phase::open_readers;
    return;
  }
  if (!stream_->caught_up()) return;
  const bool drained = stream_->drained();
  if (!following_) {
    note_state(worker.connection(), table_->replica, table_->owner, "following");
    following_ = true;
    spdlog::info("following table={}", log_value(name()));
  }
  if (stream_->note_caught_up(worker)) look_for_passes_of_others(worker);
  if (ends_by_itself(options_.run) && drained && !table_->gap_open()) table_->end();
}

/// `dynamite snapshot` may make a pass beside this daemon. Its rows may step back until the stream
/// has caught up with its end, as those of an own pass.
void TableTask::look_for_passes_of_others(Worker& worker) {
  const PassState pass = Passes{worker.connection(), table_->replica}.state();
  if (pass.phase != PassState::Phase::none || pass.completed_epoch == completed_epoch_) return;
  completed_epoch_ = pass.completed_epoch;
  following_ = false;
  stream_->expect_all_before_now();
}

}  // namespace dynamite
