#include "model/protocol_model.hpp"

#include <algorithm>

#include "model/noted_rows.hpp"
#include "model/stepper.hpp"

namespace dynamite::model {
namespace {

/// What the source, passes, letters and new transactions may do next.
class SourceSteps : public Stepper {
 public:
  using Stepper::Stepper;

  void add_all() {
    write();
    deliver();
    lose();
    switch_stream();
    change_mapping();
    switch_history();
    start_pass();
    read_pages();
    apply_pages();
    end_pass();
    come_late();
    retry_letter();
    discard_letter();
    forget();
  }

 private:
  void write() {
    if (state_.written == static_cast<Byte>(bounds_.writes.size())) return;
    State next = state_;
    ++next.written;
    take(std::string{"the source: "} + (is_put(bounds_, next.written) ? "put " : "remove ") +
             number(next.written) + taken_by(next.written),
         next);
  }

  std::string taken_by(Byte write) const {
    switch (bounds_.writes[static_cast<std::size_t>(write - 1)]) {
      case 'N':
        return ", not taken";
      case 'A':
        return ", taken by the old clause only";
      case 'B':
        return ", taken by the new clause only";
      default:
        return "";
    }
  }

  void deliver() {
    for (Byte record = 1; record <= state_.written; ++record) {
      deliver(record, record);
      for (Byte first = 1; bounds_.batches && first < record; ++first) deliver(first, record);
    }
  }

  void deliver(Byte first, Byte last) {
    for (Byte record = first; record <= last; ++record)
      if (!may_come(record)) return;
    const std::string words = "an applier begins with " +
                              (first < last ? number(first) + " to " : std::string{}) +
                              number(last);
    const auto routed = [&](Byte mapping) { return route(rules_, bounds_, mapping, first, last); };
    if (!rules_.read_back_older || first > state_.older) return begin(words, routed, state_);
    begin_old(words, routed, state_);
    if (first == last && state_.late == 0)
      read_back(last,
                bounds_.new_clause ? "is older than the clause" : "is older than the history");
  }

  bool may_come(Byte record) const {
    if (!bounds_.repeats && (begun(record) || holds(state_.applied, record))) return false;
    return !holds(state_.lost, record) && !holds(state_.retired, record) && !must_be_lost(record);
  }

  void read_back(Byte record, const std::string& why) {
    if (bounds_.lates_max > 0 && state_.lates == bounds_.lates_max) return;
    State next = state_;
    next.late = record;
    if (bounds_.lates_max > 0) ++next.lates;
    next.read_back = {.epoch = state_.epoch, .image = source_image(state_, bounds_)};
    take("record " + number(record) + " " + why + "; the source has " +
             (next.read_back.image == 0 ? "nothing" : number(next.read_back.image)),
         next);
  }

  // Whether an applier has the record in hand.
  bool begun(Byte record) const {
    return state_.late == record ||
           std::ranges::any_of(state_.transactions, [&](const Transaction& t) {
             return t.first <= record && record <= t.record;
           });
  }

  bool must_be_lost(Byte record) const {
    return bounds_.lost.find(static_cast<char>('0' + record)) != std::string::npos;
  }

  // A key's records are read in order: what is lost has none before it that is still to come first.
  // Repeats of those may.
  void lose() {
    if (!bounds_.losses) return;
    for (Byte record = 1; record <= state_.written; ++record) {
      if (begun(record) || holds(state_.applied, record) || holds(state_.lost, record)) continue;
      if (!bounds_.lost.empty() && !must_be_lost(record)) continue;
      const auto before = static_cast<std::uint8_t>((1U << record) - 2U);
      if (((state_.applied | state_.lost) & before) != before) return;
      State next = state_;
      add(next.lost, record);
      next.gap = state_.epoch;
      take("record " + number(record) + " is lost", next);
    }
  }

  // What is written while the stream is off is in none. Its older records can still be read.
  void switch_stream() {
    if (!bounds_.new_stream || state_.old_stream > 0 || state_.written == 0) return;
    if (begun(state_.written) || holds(state_.applied, state_.written)) return;
    State next = state_;
    next.old_stream = state_.written;
    add(next.lost, state_.written);
    next.gap = state_.epoch;
    take("the stream was off at write " + number(state_.written), next);
  }

  // Under the lock, exclusively.
  void change_mapping() {
    if (!bounds_.remapped || state_.mapping > 0 || in_flight()) return;
    State next = state_;
    next.mapping = 1;
    if (rules_.pass_behind_change) next.since_epoch = static_cast<Byte>(state_.epoch + 1);
    if (bounds_.new_clause) next.older = state_.written;
    take(bounds_.new_clause ? "the clause changes" : "the mapping changes", next);
  }

  // Under the lock, exclusively.
  void switch_history() {
    if (bounds_.history != History::late && bounds_.history != History::paused) return;
    const int most = bounds_.history == History::late ? 1 : 2;
    if (state_.switches == most || in_flight()) return;
    State next = state_;
    ++next.switches;
    const bool on = is_noting(next, bounds_);
    if (on) next.noted_since = static_cast<Byte>(state_.epoch + 1);
    if (on && rules_.read_back_unnoted) next.older = state_.written;
    take(on ? "the history is switched on" : "the history is switched off", next);
  }

  // A pass that a gap was noticed in is begun anew: with the next epoch.
  void start_pass() {
    const bool restarts = state_.pass == Pass::running && state_.gap == state_.epoch;
    if (state_.epoch == bounds_.passes || (state_.pass != Pass::none && !restarts)) return;
    if (rules_.lock_at_start && in_flight()) return;
    State next = state_;
    ++next.epoch;
    next.pass = Pass::running;
    next.page_done = next.swept = next.walked = false;
    next.oldest = state_.old_stream;
    take("pass " + number(next.epoch) + " starts", next);
  }

  // Two pages: that of a daemon which died, or was cut off, comes when it likes.
  void read_pages() {
    const bool early =
        !rules_.read_after_start && state_.pass == Pass::none && state_.epoch < bounds_.passes;
    if (state_.pass != Pass::running && !early) return;
    if (std::ranges::count(state_.pages, Byte{0}, &Page::epoch) <= 2 - bounds_.pages) return;
    for (std::size_t i = 0; i < state_.pages.size(); ++i) {
      if (state_.pages[i].epoch != 0) continue;
      State next = state_;
      next.pages[i] = {.epoch = static_cast<Byte>(state_.epoch + (early ? 1 : 0)),
                       .image = source_image(state_, bounds_)};
      take("a page of pass " + number(next.pages[i].epoch) +
               " is read: " + (next.pages[i].image == 0 ? "nothing" : number(next.pages[i].image)),
           next);
      return;
    }
  }

  void apply_pages() {
    for (std::size_t i = 0; i < state_.pages.size(); ++i) {
      const Page& page = state_.pages[i];
      if (page.epoch == 0 || (i == 1 && page == state_.pages[0])) continue;
      State next = state_;
      next.pages[i] = {};
      begin(
          "the page of pass " + number(page.epoch) + " begins to be applied",
          [&](Byte mapping) { return route_scanned(rules_, bounds_, mapping, page); }, next);
    }
  }

  void end_pass() {
    State next = state_;
    if (state_.pass == Pass::running && state_.page_done) {
      if (rules_.lock_at_end && in_flight()) return;
      next.pass = Pass::sweeping;
      take("the pass ends: its puts are refused from now on", next);
    } else if (state_.pass == Pass::sweeping && !state_.swept) {
      begin_with("the sweep begins", {.work = Work::sweep, .epoch = state_.epoch}, state_.mapping,
                 state_);
    } else if (state_.pass == Pass::sweeping && must_walk()) {
      begin_with("the sweep begins to go through the history",
                 {.work = Work::walk, .epoch = state_.epoch}, state_.mapping, state_);
    } else if (state_.pass == Pass::sweeping) {
      next.pass = Pass::none;
      next.completed = next.epoch;
      if (next.gap < next.epoch) next.gap = -1;
      take("the pass is complete", next);
    }
  }

  bool must_walk() const {
    return rules_.note_absent && is_noting(state_, bounds_) && !state_.walked;
  }

  void come_late() {
    if (state_.late > 0) return apply_read_back();
    for (Byte record = 1; bounds_.late && record <= state_.written; ++record)
      if (holds(state_.lost, record)) read_back(record, "was lost, and comes back");
  }

  void apply_read_back() {
    const Byte record = state_.late;
    const Byte image = rules_.read_back          ? state_.read_back.image
                       : is_put(bounds_, record) ? record
                                                 : Byte{0};
    const Transaction change{.first = record,
                             .record = record,
                             .version = version_of(record),
                             .epoch = state_.read_back.epoch,
                             .late = true};
    State next = state_;
    next.late = 0;
    next.read_back = {};
    begin(
        "it begins to be applied",
        [&](Byte mapping) { return route_read_back(bounds_, mapping, image, change); }, next);
  }

  // As KeyRepair does: the item is read under the epoch, then applied just above what is known.
  void retry_letter() {
    State next = state_;
    if (state_.retry_version > 0) {
      const Page read = state_.read_back_for_letter;
      next.read_back_for_letter = {};
      next.retry_version = 0;
      const Transaction retry{
          .version = state_.retry_version, .epoch = read.epoch, .late = true, .of_letter = true};
      return begin(
          "the letter's retry begins to be applied",
          [&](Byte mapping) { return route_read_back(bounds_, mapping, read.image, retry); }, next);
    }
    const bool under_way =
        std::ranges::any_of(state_.transactions, [](const Transaction& t) { return t.of_letter; });
    if (state_.letter < 0 || under_way) return;
    const Byte newest =
        std::max({state_.row.version, state_.tombstone.version, version_noted(), Byte{0}});
    if (state_.letter > 0 && newest > state_.letter) {
      next.letter = -1;
      return take("the letter is overtaken", next);
    }
    next.read_back_for_letter = {.epoch = state_.epoch, .image = source_image(state_, bounds_)};
    next.retry_version = static_cast<Byte>(newest + (rules_.above_the_row ? 1 : 0));
    if (next.retry_version == 0) return;
    take("the letter is retried; the source has " + (next.read_back_for_letter.image == 0
                                                         ? "nothing"
                                                         : number(next.read_back_for_letter.image)),
         next);
  }

  // Rounded up to a version of letters.
  Byte version_noted() const {
    const Noted& noted = newest(state_);
    return static_cast<Byte>(noted.version + (noted.part > 0 ? 1 : 0));
  }

  // The row is gone, or was written since the pass that did not meet it.
  void discard_letter() {
    if (state_.letter < 0) return;
    const Byte swept = state_.pass == Pass::sweeping ? state_.epoch : state_.completed;
    const Entry& row = state_.row;
    const Entry& tombstone = state_.tombstone;
    const bool covered = tombstone.epoch >= row.epoch && tombstone.version > row.version;
    const bool is_ghost = row.there() && !row.kept && (row.epoch < swept || covered);
    if (rules_.letters_outlive && is_ghost) return;
    State next = state_;
    next.letter = -1;
    take("the letter is discarded", next);
  }

  // Retention: records that all appliers are done with leave the stream; tombstones live twice as
  // long, and as long as a pass runs.
  void forget() {
    if (!bounds_.expiry) return;
    const auto all = static_cast<std::uint8_t>((2U << state_.written) - 2U);
    if (!in_flight() && (state_.applied | state_.lost) == all && state_.retired != all) {
      State next = state_;
      next.retired = all;
      take("what was written so far leaves the stream", next);
    }
    if (!state_.tombstone.there() || in_flight()) return;
    const bool old_enough = (state_.retired & all) == all && state_.pass == Pass::none;
    if (rules_.tombstones_outlive && !old_enough) return;
    State next = state_;
    next.tombstone = {};
    take("the tombstone is forgotten", next);
  }
};

}  // namespace

std::vector<Step> steps(const State& state, const Rules& rules, const Bounds& bounds) {
  std::vector<Step> found;
  SourceSteps{state, rules, bounds, found}.add_all();
  add_transaction_steps(state, rules, bounds, found);
  return found;
}

Byte source_image(const State& state, const Bounds& bounds) {
  return state.written > 0 && is_put(bounds, state.written) ? state.written : Byte{0};
}

namespace {

bool was_removed_behind(const Bounds& bounds, Byte image) {
  return bounds.writes.find('R', static_cast<std::size_t>(image)) != std::string::npos;
}

}  // namespace

bool equal(const State& state, const Bounds& bounds) {
  const Entry& row = state.row;
  if (state.archived > 0 && !(row.kept && row.image == state.archived)) return false;
  if (row.kept && !was_removed_behind(bounds, row.image)) return false;
  const Byte image = source_image(state, bounds);
  const Byte shown = row.kept ? Byte{0} : row.image;
  const bool current = shown == 0 || row.mapping == state.mapping;
  return current && shown == (takes(bounds, state.mapping, image) ? image : 0);
}

bool at_rest(const State& state, const Bounds& bounds) {
  if (state.written != static_cast<Byte>(bounds.writes.size())) return false;
  for (Byte record = 1; record <= state.written; ++record)
    if (!holds(state.applied, record) && !holds(state.lost, record)) return false;
  const bool idle = std::ranges::all_of(state.transactions,
                                        [](const Transaction& t) { return t.work == Work::none; });
  return idle && state.pass == Pass::none && state.gap < 0 && state.letter < 0 &&
         state.completed >= state.since_epoch;
}

}  // namespace dynamite::model
