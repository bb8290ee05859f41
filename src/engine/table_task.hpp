#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/followed_stream.hpp"
#include "engine/table_state.hpp"
#include "engine/task_context.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {

/// Looks after one table: follows its stream, makes a pass where one is needed, and says when the
/// table is followed. docs/protocol.md, "Following a table".
class TableTask : public Task {
 public:
  TableTask(std::shared_ptr<TableState> table, const TaskContext& context);

  std::optional<TimePoint> step(Worker& worker) override;
  void fail(const Error& error) override { table_->fail(error); }
  std::string name() const override { return table_->replica.name(); }
  void note_repeat(const Error& error, TimePoint since) override {
    table_->note_repeat("looking after the table", error, since);
  }
  void note_recovery() override { table_->note_recovery("looking after the table"); }

 private:
  enum class Phase : std::uint8_t { open_readers, decide, scan, sweep, follow };

  void decide(Worker& worker);
  void stop_at_gap();
  void resume_pass(Worker& worker, const PassState& pass);
  void begin_pass(Worker& worker);
  std::uint64_t oldest_generation(Worker& worker);
  void add_segments(Worker& worker);
  void scan(Worker& worker);
  void sweep(Worker& worker);
  void enter_follow();
  void follow(Worker& worker);
  void look_for_passes_of_others(Worker& worker);

  const std::shared_ptr<TableState> table_;
  DynamoDb& dynamodb_;
  const LaneContext lanes_;
  const EngineOptions& options_;

  std::optional<FollowedStream> stream_;  // absent: none is read
  Phase phase_ = Phase::open_readers;
  std::int32_t epoch_ = 0;            // of the pass that runs
  std::int32_t completed_epoch_ = 0;  // of the last pass, when it was decided what to do
  bool following_ = false;            // `following` was noted
};

}  // namespace dynamite
