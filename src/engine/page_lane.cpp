#include "engine/page_lane.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/visible.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {
namespace {

// A commit takes as long as copying a part of a page: several pages share a commit.
constexpr std::size_t kCopyBytes = std::size_t{4} << 20U;

}  // namespace

PageLane::PageLane(const LaneContext& context, std::shared_ptr<TableState> table,
                   std::int32_t epoch, ScanReader reader, WhenGone when_gone)
    : Lane{context, std::move(table), segment_lane(epoch, reader.number())},
      epoch_{epoch},
      reader_{std::move(reader)},
      when_gone_{when_gone} {}

Lane::Ahead PageLane::read(const std::stop_token& stop) {
  try {
    const bool copies = wants_copy();
    Ahead ahead{.page = read_page(stop)};
    if (copies) add_pages(ahead.page, stop);
    const auto& changes = ahead.page.batch->changes;
    const Replica& replica = table().replica;
    ahead.prepared =
        copies ? prepare_copy(changes, replica, epoch_) : prepare_rows(changes, replica);
    return ahead;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone || when_gone_ == WhenGone::fail) throw;
    throw Error{Error::Kind::transient, error.what()};
  }
}

Page PageLane::read_page(const std::stop_token& stop) {
  Page page = reader_.next(stop);
  table().pass.read_rate.spend(page.capacity_units, context().clock.now());
  return page;
}

// An error must not lose the pages that were read before it. The next read meets the error again.
void PageLane::add_pages(Page& page, const std::stop_token& stop) {
  try {
    while (!page.finished && page.batch->page_bytes() < kCopyBytes &&
           read_due() <= context().clock.now()) {
      Page more = read_page(stop);
      append(*page.batch, std::move(*more.batch));
      page.position = std::move(more.position);
      page.finished = more.finished;
    }
  } catch (const Error& error) {
    spdlog::debug("read less at a time lane={} reason={}", log_value(name()),
                  in_quotes(error.what()));
  }
}

bool PageLane::wants_copy() {
  if (!table().pass.loads) return false;
  if (pages_to_put_ == 0) return true;
  --pages_to_put_;
  return false;
}

// A COPY is vain if one of its rows is there already. The writer of that row has perhaps written
// others: the next pages are put, the more of them the more copies in a row were vain.
void PageLane::note_copy(bool copied) {
  vain_copies_ = copied ? 0 : std::min(vain_copies_ + 1, kVainCopiesMax);
  pages_to_put_ = (1U << vain_copies_) - 1;
}

void PageLane::apply(Worker& worker, const Ahead& ahead) {
  const Page& page = ahead.page;
  const ApplyOutcome outcome = worker.applier().apply(
      {.table = table().replica,
       .batch = *page.batch,
       .prepared = &*ahead.prepared,
       .fence = {.writer = ByPass{epoch_}},
       .checkpoint = Checkpoint{.lane = lane(),
                                .position = stored_position(table().replica, page.position),
                                .finished = page.finished},
       .on_sent = [this] { sent(); }},
      worker.limits());
  if (std::holds_alternative<std::vector<CopiedRows>>(ahead.prepared->transactions.front().rows))
    note_copy(outcome.copied);
  table().pass.items_scanned += outcome.records;
  spdlog::debug("scanned lane={} items={} rows={}", name(), outcome.records, outcome.applied);
  if (page.finished) table().pass.segment_finished();
}

// A scan has no records to lose: read() never gives a loss.
void PageLane::lose(Worker&, const Error& loss) { throw loss; }

}  // namespace dynamite
