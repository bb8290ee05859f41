#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/engine_options.hpp"
#include "engine/scheduler.hpp"
#include "engine/table_state.hpp"
#include "source/segment_reader.hpp"

namespace dynamite {

/// The lane of one segment of a pass.
class SegmentTask : public Task {
 public:
  SegmentTask(std::shared_ptr<TableState> table, std::int32_t epoch, SegmentReader reader,
              const EngineOptions& options);

  std::optional<TimePoint> step(Worker& worker) override;
  void fail(const Error& error) override { table_->fail(error); }
  std::string name() const override;

 private:
  Turn read(const std::stop_token& stop);

  std::shared_ptr<TableState> table_;
  std::int32_t epoch_;
  std::string lane_;
  SegmentReader reader_;
  const Clock& clock_;
  const bool waits_;
  std::optional<Turn> pending_;  // read, not yet applied: a repeat applies it again
};

}  // namespace dynamite
