#include "engine/lane.hpp"

#include <utility>

namespace dynamite {
namespace {

// The bytes of the page, and as many for the rows that are made of it.
std::size_t bytes_of(const Page& page) { return page.batch ? 2 * page.batch->page_bytes() : 0; }

}  // namespace

class Lane::Reading : public Task {
 public:
  explicit Reading(std::shared_ptr<Lane> lane) : lane_{std::move(lane)} {}

  std::optional<TimePoint> step(Worker& worker) override {
    return lane_->step_reading(worker.stop());
  }
  void note_repeat(const Error& error, TimePoint since) override {
    lane_->note_repeat("reading", error, since);
  }
  void note_recovery() override { lane_->note_recovery("reading"); }
  void fail(const Error& error) override { lane_->fail(error); }
  std::string name() const override { return lane_->name(); }

 private:
  std::shared_ptr<Lane> lane_;
};

class Lane::Applying : public Task {
 public:
  explicit Applying(std::shared_ptr<Lane> lane) : lane_{std::move(lane)} {}

  std::optional<TimePoint> step(Worker& worker) override { return lane_->step_applying(worker); }
  void note_repeat(const Error& error, TimePoint since) override {
    lane_->note_repeat("applying", error, since);
  }
  void note_recovery() override { lane_->note_recovery("applying"); }
  void fail(const Error& error) override {
    lane_->fail(error);
    lane_->drop_all();
  }
  std::string name() const override { return lane_->name(); }

 private:
  std::shared_ptr<Lane> lane_;
};

void Lane::note_repeat(const std::string& half, const Error& error, TimePoint since) {
  table_->note_repeat(half + " of " + lane_, error, since);
}

void Lane::note_recovery(const std::string& half) { table_->note_recovery(half + " of " + lane_); }

void Lane::start() { context_.reading.add(std::make_shared<Reading>(shared_from_this())); }

std::optional<TimePoint> Lane::step_reading(const std::stop_token& stop) {
  if (ended()) return std::nullopt;
  {
    const std::scoped_lock lock{mutex_};
    reading_waits_ = reads_.size() >= kAheadMax;
    if (reading_waits_) return std::nullopt;
  }
  const TimePoint now = context_.clock.now();
  if (const TimePoint due = read_due(); due > now) return due;
  if (!context_.in_flight.admit([self = shared_from_this()] { self->start(); }))
    return std::nullopt;
  Ahead next = read(stop);
  next.asked = now;
  const bool ends = next.page.finished || next.loss;
  push(std::move(next));
  if (ends) return std::nullopt;
  return context_.clock.now();
}

// Once this half has said that it waits, the other half may put it back at once: nothing of the
// lane is touched from then on.
std::optional<TimePoint> Lane::step_applying(Worker& worker) {
  const Ahead* next = nullptr;
  {
    const std::scoped_lock lock{mutex_};
    applying_waits_ = reads_.empty();
    if (applying_waits_) return std::nullopt;
    next = &reads_.front();
  }
  if (ended()) {
    drop_all();
    return std::nullopt;
  }
  const bool finished = next->page.finished;
  if (next->loss) {
    lose(worker, *next->loss);
    pop();
    start();
  } else {
    apply(worker, *next);
    pop();
  }
  if (finished) return std::nullopt;
  return context_.clock.now();
}

void Lane::push(Ahead ahead) {
  context_.in_flight.add(bytes_of(ahead.page));
  const std::scoped_lock lock{mutex_};
  reads_.push_back(std::move(ahead));
  if (std::exchange(applying_waits_, false))
    context_.applying.add(std::make_shared<Applying>(shared_from_this()));
}

void Lane::pop() {
  std::size_t bytes = 0;
  {
    const std::scoped_lock lock{mutex_};
    bytes = bytes_of(reads_.front().page);
    reads_.pop_front();
    if (reads_.empty()) wake_reading();
  }
  context_.in_flight.release(bytes);
}

// Reading is woken only when a transaction is sent: whatever takes time here before that keeps the
// server waiting.
void Lane::sent() {
  const std::scoped_lock lock{mutex_};
  if (reads_.size() < kAheadMax) wake_reading();
}

void Lane::wake_reading() {
  if (std::exchange(reading_waits_, false)) start();
}

void Lane::drop_all() {
  std::size_t bytes = 0;
  {
    const std::scoped_lock lock{mutex_};
    for (const Ahead& ahead : reads_) bytes += bytes_of(ahead.page);
    reads_.clear();
  }
  context_.in_flight.release(bytes);
}

}  // namespace dynamite
