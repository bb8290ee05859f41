#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/lane.hpp"
#include "engine/table_state.hpp"
#include "source/scan_reader.hpp"

namespace dynamite {

/// What a lane does when its table is deleted, which may be made again.
enum class WhenGone : std::uint8_t { fail, wait };

/// The lane of one segment of a pass.
class PageLane : public Lane {
 public:
  PageLane(const LaneContext& context, std::shared_ptr<TableState> table, std::int32_t epoch,
           ScanReader reader, WhenGone when_gone);

 private:
  std::string name() const override { return table_->replica.name() + "/" + lane_; }
  void note_repeat(const std::string& half, const Error& error, TimePoint since) override {
    table_->note_repeat(half + " of " + lane_, error, since);
  }
  void note_recovery(const std::string& half) override {
    table_->note_recovery(half + " of " + lane_);
  }
  bool ended() const override { return table_->ended(); }
  void fail(const Error& error) override { table_->fail(error); }
  TimePoint read_due() override { return table_->pass.read_rate.next(); }
  Ahead read(const std::stop_token& stop) override;
  void apply(Worker& worker, const Ahead& ahead) override;
  void lose(Worker& worker, const Error& loss) override;

  Page read_page(const std::stop_token& stop);
  void add_pages(Page& page, const std::stop_token& stop);
  bool wants_copy();
  void note_copy(bool copied);

  static constexpr unsigned kVainCopiesMax = 6;

  const std::shared_ptr<TableState> table_;
  const std::int32_t epoch_;
  const std::string lane_;
  ScanReader reader_;
  const WhenGone when_gone_;
  std::atomic<unsigned> pages_to_put_ = 0;  // before the next COPY is tried
  unsigned vain_copies_ = 0;                // in a row
};

}  // namespace dynamite
