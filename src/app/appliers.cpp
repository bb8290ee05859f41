#include "app/appliers.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

namespace dynamite {
namespace {

constexpr auto kPatience = std::chrono::minutes{10};  // for one batch

/// What the lane `number` of so many applies of `changes`.
Batch part_of(const Batch& batch, std::span<const Change> changes, std::size_t number,
              std::size_t lanes) {
  Batch part;
  part.tables = batch.tables;
  part.changes.reserve(changes.size() / lanes + 1);
  std::ranges::copy_if(changes, std::back_inserter(part.changes), [&](const Change& change) {
    return lanes == 1 || std::hash<std::string_view>{}(change.key) % lanes == number;
  });
  return part;
}

/// The rows of each table.
std::vector<PreparedBatch> prepare_tables(const Batch& batch) {
  std::vector<PreparedBatch> prepared;
  if (batch.tables.size() == 1)
    prepared.push_back(prepare_rows(batch.changes, batch.tables.front()->key_schema));
  for (std::uint16_t table = 0; batch.tables.size() > 1 && table < batch.tables.size(); ++table) {
    std::vector<Change> changes;
    std::ranges::copy_if(batch.changes, std::back_inserter(changes),
                         [&](const Change& change) { return change.table == table; });
    prepared.push_back(prepare_rows(changes, batch.tables[table]->key_schema));
  }
  return prepared;
}

}  // namespace

Appliers::Appliers(const HandlerOptions& options, ApplierShape shape, std::stop_token stop)
    : options_{options}, shape_{shape}, stop_{std::move(stop)} {
  for (std::size_t i = 0; i < shape_.connections; ++i) {
    Lane& lane = lanes_.emplace_back();
    threads_.emplace_back(
        [this, &lane](const std::stop_token& stop_thread) { run(lane, stop_thread); });
  }
}

Appliers::~Appliers() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

// The next rows are made, and the last ones' memory is given back, while the server works: before
// something is sent, all that takes time here is time that the server waits.
void Appliers::run(Lane& lane, const std::stop_token& stop) {
  Handler handler{options_};
  attempt([&] { handler.prepare(stop_); });
  std::unique_lock lock{mutex_};
  for (Work last;;) {
    lane.at_work = false;
    if (failure_) {
      lane.ahead.clear();
      lane.changes_ahead = 0;
    }
    if (lane.ahead.empty() || failure_) {
      room_.notify_all();
      idle_.notify_all();
    }
    if (!added_.wait(lock, stop, [&] { return !lane.ahead.empty(); })) return;
    Work work = std::move(lane.ahead.front());
    lane.ahead.pop_front();
    lane.changes_ahead -= work.part.changes.size();
    lane.at_work = true;
    lock.unlock();
    const auto on_sent = [&] {
      last = {};
      if (lane.changes_ahead < kAheadMax / 2) room_.notify_all();
    };
    attempt([&] {
      lane.outcome += handler.apply(work.part, {.prepared = work.prepared, .on_sent = on_sent},
                                    std::chrono::system_clock::now() + kPatience, stop_);
    });
    last = std::move(work);
    lock.lock();
  }
}

/// Keeps what `body` throws for who waits.
template <class Body>
void Appliers::attempt(const Body& body) {
  try {
    body();
  } catch (...) {
    const std::scoped_lock lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
}

void Appliers::add(std::shared_ptr<const Batch> batch) {
  std::span<const Change> rest{batch->changes};
  bool first = true;
  while (!rest.empty() || (first && !batch->rejected.empty())) {
    const std::size_t size =
        shape_.records_max == 0 ? rest.size() : std::min(shape_.records_max, rest.size());
    for (std::size_t number = 0; number < lanes_.size(); ++number) {
      Work work{.whole = batch,
                .part = part_of(*batch, rest.first(size), number, lanes_.size()),
                .prepared = {}};
      if (std::exchange(first, false)) work.part.rejected = batch->rejected;
      if (work.part.changes.empty() && work.part.rejected.empty()) continue;
      // What is read back has other images.
      if (!options_.late) work.prepared = prepare_tables(work.part);
      add(lanes_[number], std::move(work));
    }
    rest = rest.subspan(size);
  }
}

void Appliers::add(Lane& lane, Work work) {
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return failure_ || lane.changes_ahead < kAheadMax; });
  rethrow_failure();
  lane.changes_ahead += work.part.changes.size();
  lane.ahead.push_back(std::move(work));
  added_.notify_all();
}

HandlerOutcome Appliers::finish() {
  std::unique_lock lock{mutex_};
  idle_.wait(lock, [&] {
    return std::ranges::all_of(
        lanes_, [](const Lane& lane) { return lane.ahead.empty() && !lane.at_work; });
  });
  rethrow_failure();
  HandlerOutcome sum;
  for (Lane& lane : lanes_) sum += std::exchange(lane.outcome, {});
  return sum;
}

void Appliers::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace dynamite
