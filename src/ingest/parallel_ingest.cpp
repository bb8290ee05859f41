#include "ingest/parallel_ingest.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "replica/apply/late_records.hpp"

namespace dynamite {

ParallelIngest::ParallelIngest(IngestOptions options, ApplierShape shape, std::stop_token stop)
    : options_{std::move(options)}, shape_{shape}, stop_{std::move(stop)} {
  for (std::size_t i = 0; i < shape_.connections; ++i) {
    Lane& lane = lanes_.emplace_back();
    threads_.emplace_back(
        [this, &lane](const std::stop_token& stop_thread) { run(lane, stop_thread); });
  }
}

ParallelIngest::~ParallelIngest() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ParallelIngest::run(Lane& lane, const std::stop_token& stop) {
  BatchApplier applier{options_};
  attempt([&] { applier.prepare(stop_); });
  std::unique_lock lock{mutex_};
  for (;;) {
    if (failure_.kept()) {
      lane.waiting.clear();
      lane.changes_waiting = 0;
    }
    if (lane.waiting.empty() && !applier.has_ahead()) {
      lane.at_work = false;
      room_.notify_all();
      idle_.notify_all();
      if (!added_.wait(lock, stop, [&] { return !lane.waiting.empty(); })) return;
      lane.at_work = true;
    }
    std::optional<AheadBatch> batch = take(lane);
    lock.unlock();
    ApplyOutcome outcome;
    attempt([&] {
      outcome =
          batch ? applier.apply_ahead(std::move(*batch), stop_) : applier.finish_oldest(stop_);
    });
    if (lane.changes_waiting < kWaitingMax / 2) room_.notify_all();
    lock.lock();
    lane.outcome += outcome;
  }
}

std::optional<AheadBatch> ParallelIngest::take(Lane& lane) {
  if (lane.waiting.empty()) return std::nullopt;
  std::optional batch{std::move(lane.waiting.front())};
  lane.waiting.pop_front();
  lane.changes_waiting -= batch->batch.changes.size();
  return batch;
}

/// Keeps what `body` throws: add() and finish() throw it.
template <class Body>
void ParallelIngest::attempt(const Body& body) {
  try {
    body();
  } catch (...) {
    failure_.keep_current();
  }
}

void ParallelIngest::add(const std::shared_ptr<const Batch>& batch, const Replica& replica) {
  std::span<const Change> rest{batch->changes};
  for (bool first = true; first || !rest.empty(); first = false) {
    const std::size_t size =
        shape_.records_max == 0 ? rest.size() : std::min(shape_.records_max, rest.size());
    for (std::size_t number = 0; number < lanes_.size(); ++number) {
      AheadBatch part{.whole = batch, .batch = {}};
      part.batch.table = batch->table;
      part.batch.changes = changes_of_lane(rest.first(size), number);
      if (first && number == 0) part.batch.rejected = batch->rejected;
      add(lanes_[number], std::move(part), replica);
    }
    rest = rest.subspan(size);
  }
}

/// The changes whose keys go through the lane `number`.
std::vector<Change> ParallelIngest::changes_of_lane(std::span<const Change> changes,
                                                    std::size_t number) const {
  if (lanes_.size() == 1) return {changes.begin(), changes.end()};
  std::vector<Change> chosen;
  std::ranges::copy_if(changes, std::back_inserter(chosen), [&](const Change& change) {
    return std::hash<std::string_view>{}(change.key) % lanes_.size() == number;
  });
  return chosen;
}

void ParallelIngest::add(Lane& lane, AheadBatch part, const Replica& replica) {
  const std::vector<Change>& changes = part.batch.changes;
  if (changes.empty() && part.batch.rejected.empty()) return;
  // The images of records that are read back are not known yet.
  if (options_.read_back_of == ReadBackOf::needed && !must_be_read_back(part.batch, replica))
    part.prepared = prepare_rows(changes, replica);
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return failure_.kept() || lane.changes_waiting < kWaitingMax; });
  failure_.rethrow();
  lane.changes_waiting += changes.size();
  lane.waiting.push_back(std::move(part));
  added_.notify_all();
}

ApplyOutcome ParallelIngest::finish() {
  std::unique_lock lock{mutex_};
  idle_.wait(lock, [&] {
    return std::ranges::all_of(
        lanes_, [](const Lane& lane) { return lane.waiting.empty() && !lane.at_work; });
  });
  failure_.rethrow();
  ApplyOutcome sum;
  for (Lane& lane : lanes_) sum += std::exchange(lane.outcome, {});
  return sum;
}

}  // namespace dynamite
