#include "ingest/parallel_ingest.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr auto kPatience = std::chrono::minutes{10};  // for one batch

}  // namespace

/// Applies batches over one connection. It sends the next transaction while the server works on
/// one, so that the server never waits for the client.
class ParallelIngest::Sender {
 public:
  Sender(const IngestOptions& options, std::stop_token stop)
      : ingest_{options}, stop_{std::move(stop)} {}

  void connect() { ingest_.prepare(stop_); }
  bool has_sent() const { return !sent_.empty(); }

  IngestOutcome apply(Work work) {
    require_not_stopped();
    if (work.prepared && ingest_.send(work.part, *work.prepared, deadline(), stop_)) {
      sent_.push_back(std::move(work));
      return sent_.size() == kSentMax ? settle_oldest() : IngestOutcome{};
    }
    IngestOutcome sum;
    while (has_sent()) sum += settle_oldest();
    sum += apply_alone(work);
    return sum;
  }

  /// If the oldest batch failed, all batches that were sent are applied again. That changes nothing
  /// of a batch that is applied already.
  IngestOutcome settle_oldest() {
    if (const auto outcome = ingest_.finish_sent()) {
      sent_.pop_front();
      return *outcome;
    }
    IngestOutcome sum;
    for (const Work& work : std::exchange(sent_, {})) sum += apply_alone(work);
    return sum;
  }

 private:
  static constexpr std::size_t kSentMax = 2;

  static std::chrono::system_clock::time_point deadline() {
    return std::chrono::system_clock::now() + kPatience;
  }

  IngestOutcome apply_alone(const Work& work) {
    require_not_stopped();
    return ingest_.apply(work.part, deadline(), stop_);
  }

  void require_not_stopped() const {
    if (stop_.stop_requested())
      throw Error{Error::Kind::transient, "stopped before all was applied",
                  "apply the same again: what is applied is not changed by that"};
  }

  std::deque<Work> sent_;  // outlives what the ingest has under way
  Ingest ingest_;
  std::stop_token stop_;
};

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
  Sender sender{options_, stop_};
  attempt([&] { sender.connect(); });
  std::unique_lock lock{mutex_};
  for (;;) {
    if (failure_.kept()) {
      lane.ahead.clear();
      lane.changes_ahead = 0;
    }
    if (lane.ahead.empty() && !sender.has_sent()) {
      lane.at_work = false;
      room_.notify_all();
      idle_.notify_all();
      if (!added_.wait(lock, stop, [&] { return !lane.ahead.empty(); })) return;
      lane.at_work = true;
    }
    std::optional<Work> work = take(lane);
    lock.unlock();
    IngestOutcome outcome;
    attempt([&] { outcome = work ? sender.apply(std::move(*work)) : sender.settle_oldest(); });
    if (lane.changes_ahead < kAheadMax / 2) room_.notify_all();
    lock.lock();
    lane.outcome += outcome;
  }
}

std::optional<ParallelIngest::Work> ParallelIngest::take(Lane& lane) {
  if (lane.ahead.empty()) return std::nullopt;
  std::optional work{std::move(lane.ahead.front())};
  lane.ahead.pop_front();
  lane.changes_ahead -= work->part.changes.size();
  return work;
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
      Work work{.whole = batch, .part = {}};
      work.part.table = batch->table;
      work.part.changes = changes_of_lane(rest.first(size), number);
      if (first && number == 0) work.part.rejected = batch->rejected;
      add(lanes_[number], std::move(work), replica);
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

void ParallelIngest::add(Lane& lane, Work work, const Replica& replica) {
  const Batch& part = work.part;
  if (part.changes.empty() && part.rejected.empty()) return;
  // The images of records that are read back are not known yet.
  if (options_.read_back_of == ReadBackOf::missing_images)
    work.prepared = prepare_rows(part.changes, replica);
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return failure_.kept() || lane.changes_ahead < kAheadMax; });
  failure_.rethrow();
  lane.changes_ahead += work.part.changes.size();
  lane.ahead.push_back(std::move(work));
  added_.notify_all();
}

IngestOutcome ParallelIngest::finish() {
  std::unique_lock lock{mutex_};
  idle_.wait(lock, [&] {
    return std::ranges::all_of(
        lanes_, [](const Lane& lane) { return lane.ahead.empty() && !lane.at_work; });
  });
  failure_.rethrow();
  IngestOutcome sum;
  for (Lane& lane : lanes_) sum += std::exchange(lane.outcome, {});
  return sum;
}

}  // namespace dynamite
