#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/lane.hpp"
#include "source/scan_reader.hpp"

namespace dynamite {

/// What a lane does when its table is deleted: a deleted table may be made again.
enum class WhenGone : std::uint8_t { fail, wait };

/// The lane of one segment of a pass.
class PageLane : public Lane {
 public:
  PageLane(const LaneContext& context, std::shared_ptr<TableState> table, std::int32_t epoch,
           ScanReader reader, WhenGone when_gone);

 private:
  TimePoint read_due() override { return table().pass.read_rate.next(); }
  Ahead read(const std::stop_token& stop) override;
  void apply(Worker& worker, const Ahead& ahead) override;
  void lose(Worker& worker, const Error& loss) override;

  Page read_page(const std::stop_token& stop);
  void add_pages(Page& page, const std::stop_token& stop);
  bool wants_copy();
  void note_copy(bool copied);

  static constexpr unsigned kVainCopiesMax = 6;

  const std::int32_t epoch_;
  ScanReader reader_;
  const WhenGone when_gone_;
  std::atomic<unsigned> pages_to_put_ = 0;  // before the next COPY is tried
  unsigned vain_copies_ = 0;                // in a row
};

}  // namespace dynamite
