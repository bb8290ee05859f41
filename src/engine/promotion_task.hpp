#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/table_state.hpp"
#include "engine/task_context.hpp"
#include "replica/change/promotion.hpp"

namespace dynamite {

/// Gives the attributes of one table columns, looking once a minute; docs/protocol.md, "Promotion".
/// What fails is a problem of the table, which is followed all the same.
class PromotionTask : public Task {
 public:
  PromotionTask(std::shared_ptr<TableState> table, const TaskContext& context);

  /// Whether a target of the replica has columns that change.
  static bool is_needed(const Replica& replica);

  std::optional<TimePoint> step(Worker& worker) override;
  void fail(const Error& error) override { table_->fail(error); }
  std::string name() const override { return "columns of " + table_->replica.name(); }
  void note_repeat(const Error& error, TimePoint since) override;
  void note_recovery() override;

 private:
  TimePoint step_promotion(Worker& worker);
  TimePoint in_a_minute() const;

  const std::shared_ptr<TableState> table_;
  const Clock& clock_;
  Promotion promotion_;
  bool started_ = false;
  std::optional<TimePoint> failing_since_;
};

}  // namespace dynamite
