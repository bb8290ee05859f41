#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/in_flight.hpp"
#include "engine/scheduler.hpp"
#include "engine/table_state.hpp"
#include "replica/apply/prepared.hpp"
#include "source/page.hpp"

namespace dynamite {

/// What all lanes share. It outlives them.
struct LaneContext {
  Scheduler& reading;   ///< of threads that never open a connection
  Scheduler& applying;  ///< of threads with a connection each
  InFlight& in_flight;
  const Clock& clock;
};

/// A shard or segment, read and applied in order. Its two halves go on side by side: one reads a
/// little ahead, the other applies. A half that has nothing to do is in no scheduler; the other
/// half puts it back.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  /// `lane`: the name of its checkpoint.
  Lane(const LaneContext& context, std::shared_ptr<TableState> table, std::string lane)
      : context_{context}, table_{std::move(table)}, lane_{std::move(lane)} {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  virtual ~Lane() = default;

  /// Begins to read.
  void start();

 protected:
  /// What one read gave: a page, or why records were lost.
  struct Ahead {
    Page page{};
    std::optional<PreparedBatch> prepared{};  ///< of the page's batch
    std::optional<Error> loss{};
    TimePoint asked{};  ///< set by the lane
  };

  /// For the log: the table and the lane.
  std::string name() const { return table_->replica.name() + "/" + lane_; }
  const std::string& lane() const noexcept { return lane_; }
  TableState& table() const noexcept { return *table_; }

  /// Nothing of the lane is wanted any more.
  virtual bool ended() const { return table_->ended(); }
  /// Repeating does not help.
  virtual void fail(const Error& error) { table_->fail(error); }

  // Of the reading half: called by one thread at a time.

  /// The next read must not come before this time.
  virtual TimePoint read_due() = 0;
  virtual Ahead read(const std::stop_token& stop) = 0;

  // Of the applying half: called by one thread at a time, beside the reading half.

  /// Applies, with its checkpoint, what was read. Repeated if it throws Error{transient}.
  virtual void apply(Worker& worker, const Ahead& ahead) = 0;
  /// To be called when a transaction is sent (ApplyRequest::on_sent): the next page may be read.
  void sent();
  /// Handles the loss of records; reading goes on behind it.
  virtual void lose(Worker& worker, const Error& loss) = 0;

  const LaneContext& context() const noexcept { return context_; }

 private:
  class Reading;
  class Applying;
  static constexpr std::size_t kAheadMax = 2;  // reads that are not applied: one in work, one ahead

  /// For a half, "reading" or "applying"; see Task.
  void note_repeat(const std::string& half, const Error& error, TimePoint since);
  void note_recovery(const std::string& half);
  std::optional<TimePoint> step_reading(const std::stop_token& stop);
  std::optional<TimePoint> step_applying(Worker& worker);
  void push(Ahead ahead);
  void pop();
  void wake_reading();
  void drop_all();

  const LaneContext context_;
  const std::shared_ptr<TableState> table_;
  const std::string lane_;
  std::mutex mutex_;
  std::deque<Ahead> reads_;  // the first is in work; a deque does not move it when others come
  bool reading_waits_ = false;
  bool applying_waits_ = true;
};

}  // namespace dynamite
