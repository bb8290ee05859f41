#include "model/protocol_model.hpp"

#include <algorithm>

namespace dynamite::model {
namespace {

bool holds(std::uint8_t set, int record) { return ((set >> record) & 1) != 0; }
void add(std::uint8_t& set, int record) { set = static_cast<std::uint8_t>(set | (1U << record)); }
std::string number(int value) { return std::to_string(value); }

/// Takes the steps of one state.
class Stepper {
 public:
  Stepper(const State& state, const Rules& rules, const Bounds& bounds)
      : state_{state}, rules_{rules}, bounds_{bounds} {}

  std::vector<Step> all() {
    write();
    deliver();
    lose();
    switch_stream();
    change_mapping();
    start_pass();
    read_pages();
    apply_pages();
    end_pass();
    come_late();
    retry_letter();
    discard_letter();
    forget();
    for (std::size_t i = 0; i < state_.transactions.size(); ++i) go_on(i);
    return std::move(steps_);
  }

 private:
  void take(std::string words, State next) {
    std::ranges::sort(next.transactions);
    std::ranges::sort(next.pages);
    steps_.push_back({std::move(words), next});
  }

  bool in_flight() const {
    return std::ranges::any_of(state_.transactions,
                               [](const Transaction& t) { return t.work != Work::none; });
  }
  /// Whether another transaction than `index` has the key.
  bool held_by_other(std::size_t index) const {
    for (std::size_t i = 0; i < state_.transactions.size(); ++i)
      if (i != index && state_.transactions[i].holds) return true;
    return false;
  }
  void begin(const std::string& words, const Transaction& transaction, const State& next) {
    // The rows may have been made at any time before.
    const Byte oldest = transaction.image == 0 ? state_.mapping : Byte{0};
    for (Byte mapping = oldest; mapping <= state_.mapping; ++mapping)
      begin_with(words + (mapping < state_.mapping ? ", by the old mapping" : ""), transaction,
                 mapping, next);
  }
  void begin_with(const std::string& words, const Transaction& transaction, Byte mapping,
                  State next) {
    for (Transaction& slot : next.transactions) {
      if (slot.work != Work::none) continue;
      slot = transaction;
      slot.mapping = mapping;
      take(words, next);
      return;
    }
  }
  bool is_put(int record) const {
    return bounds_.writes[static_cast<std::size_t>(record - 1)] == 'P';
  }

  void write() {
    if (state_.written == static_cast<Byte>(bounds_.writes.size())) return;
    State next = state_;
    ++next.written;
    take(std::string{"the source: "} + (is_put(next.written) ? "put " : "remove ") +
             number(next.written),
         next);
  }

  void deliver() {
    for (Byte record = 1; record <= state_.written; ++record) {
      if (holds(state_.lost, record) || holds(state_.retired, record)) continue;
      const bool put = is_put(record);
      begin("an applier begins with " + number(record),
            {.work = put ? Work::put : Work::remove,
             .record = record,
             .version = version_of(record),
             .image = put ? record : Byte{0}},
            state_);
    }
  }

  // A key's records are read in order: what is lost has none before it that is still to come first.
  // Repeats of those may.
  void lose() {
    if (!bounds_.losses) return;
    for (Byte record = 1; record <= state_.written; ++record) {
      const bool begun = std::ranges::any_of(
          state_.transactions, [&](const Transaction& t) { return t.record == record; });
      if (begun || holds(state_.applied, record) || holds(state_.lost, record)) continue;
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
    const bool begun = std::ranges::any_of(
        state_.transactions, [&](const Transaction& t) { return t.record == state_.written; });
    if (begun || holds(state_.applied, state_.written)) return;
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
    next.since_epoch = static_cast<Byte>(state_.epoch + 1);
    take("the mapping changes", next);
  }

  // A pass that a gap was noticed in is begun anew: with the next epoch.
  void start_pass() {
    const bool restarts = state_.pass == Pass::running && state_.gap == state_.epoch;
    if (state_.epoch == bounds_.passes || (state_.pass != Pass::none && !restarts)) return;
    if (rules_.lock_at_start && in_flight()) return;
    State next = state_;
    ++next.epoch;
    next.pass = Pass::running;
    next.page_done = next.swept = false;
    next.oldest = state_.old_stream;
    take("pass " + number(next.epoch) + " starts", next);
  }

  // Two pages: that of a daemon which died, or was cut off, comes when it likes.
  void read_pages() {
    const bool early =
        !rules_.read_after_start && state_.pass == Pass::none && state_.epoch < bounds_.passes;
    if (state_.pass != Pass::running && !early) return;
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
      begin("the page of pass " + number(page.epoch) + " begins to be applied",
            {.work = Work::scanned, .image = page.image, .epoch = page.epoch}, next);
    }
  }

  void end_pass() {
    State next = state_;
    if (state_.pass == Pass::running && state_.page_done) {
      if (rules_.lock_at_end && in_flight()) return;
      next.pass = Pass::sweeping;
      take("the pass ends: its puts are refused from now on", next);
    } else if (state_.pass == Pass::sweeping && !state_.swept) {
      begin("the sweep begins", {.work = Work::sweep, .epoch = state_.epoch}, state_);
    } else if (state_.pass == Pass::sweeping) {
      next.pass = Pass::none;
      next.completed = next.epoch;
      if (next.gap < next.epoch) next.gap = -1;
      take("the pass is complete", next);
    }
  }

  void come_late() {
    if (!bounds_.late) return;
    if (state_.late == 0) {
      for (Byte record = 1; record <= state_.written; ++record) {
        if (!holds(state_.lost, record)) continue;
        State next = state_;
        next.late = record;
        next.read_back = {.epoch = state_.epoch, .image = source_image(state_, bounds_)};
        take("the lost record " + number(record) + " comes back; the source has " +
                 (next.read_back.image == 0 ? "nothing" : number(next.read_back.image)),
             next);
      }
      return;
    }
    const Byte image = rules_.read_back      ? state_.read_back.image
                       : is_put(state_.late) ? state_.late
                                             : Byte{0};
    State next = state_;
    next.late = 0;
    next.read_back = {};
    begin("it begins to be applied",
          {.work = image == 0 ? Work::remove : Work::put,
           .record = state_.late,
           .version = version_of(state_.late),
           .image = image,
           .epoch = state_.read_back.epoch,
           .late = true},
          next);
  }

  // As Reread does: the item is read under the epoch, then applied just above what is known.
  void retry_letter() {
    State next = state_;
    if (state_.retry_version > 0) {
      const Page read = state_.read_back_for_letter;
      next.read_back_for_letter = {};
      next.retry_version = 0;
      return begin("the letter's retry begins to be applied",
                   {.work = read.image == 0 ? Work::remove : Work::put,
                    .version = state_.retry_version,
                    .image = read.image,
                    .epoch = read.epoch,
                    .late = true,
                    .of_letter = true},
                   next);
    }
    const bool under_way =
        std::ranges::any_of(state_.transactions, [](const Transaction& t) { return t.of_letter; });
    if (state_.letter < 0 || under_way) return;
    const Byte newest = std::max({state_.row.version, state_.tombstone.version, Byte{0}});
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

  // The row is gone, or was written since the pass that did not meet it.
  void discard_letter() {
    if (state_.letter < 0) return;
    const Byte swept = state_.pass == Pass::sweeping ? state_.epoch : state_.completed;
    const Entry& row = state_.row;
    const Entry& tombstone = state_.tombstone;
    const bool covered = tombstone.epoch >= row.epoch && tombstone.version > row.version;
    if (rules_.letters_outlive && row.there() && (row.epoch < swept || covered)) return;
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

  void go_on(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    if (mine.work == Work::none) return;
    if (mine.step == 0) return check(index);
    if (mine.work == Work::sweep) return sweep(index);
    if (mine.work == Work::remove) return remove(index);
    put(index);
  }

  void end(std::size_t index, const std::string& words, State next) {
    next.transactions[index] = {};
    take(words, next);
  }

  std::string name(const Transaction& t) const {
    switch (t.work) {
      case Work::put:
        return "put " + number(t.image) + (t.late ? " (late)" : "");
      case Work::remove:
        if (t.of_letter) return "the letter's remove";
        return "remove " + number(t.record) + (t.late ? " (late)" : "");
      case Work::scanned:
        return "the page of pass " + number(t.epoch);
      default:
        return "the sweep";
    }
  }

  // (2): who may write.
  void check(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    const bool of_pass = mine.work == Work::scanned;
    const bool running = state_.pass == Pass::running && state_.epoch == mine.epoch;
    if (of_pass && rules_.running_pass_only && !running)
      return end(index, name(mine) + " is refused: its pass does not run", state_);
    if (mine.work == Work::sweep && (state_.pass != Pass::sweeping || state_.epoch != mine.epoch))
      return end(index, "the sweep is refused", state_);
    if (mine.late && rules_.read_back_epoch && state_.epoch != mine.epoch)
      return end(index, name(mine) + " is refused: a pass has begun since it was read", state_);
    if (mine.work != Work::sweep && rules_.mapping_number && mine.mapping != state_.mapping)
      return end(index, name(mine) + " is refused: the mapping has changed", state_);
    State next = state_;
    if (mine.record > 0 && !mine.late && rules_.generation_check && mine.record < state_.oldest) {
      add(next.applied, mine.record);
      return end(index, name(mine) + " is dropped: a pass began after its stream", next);
    }
    Transaction& moved = next.transactions[index];
    moved.step = 1;
    if (of_pass && mine.image == 0) {
      if (running) next.page_done = true;
      return end(index, name(mine) + " is committed, without the key", next);
    }
    take(name(mine) + " passes the check", next);
  }

  bool covers(const Transaction& mine, bool again) const {
    const Entry& tombstone = state_.tombstone;
    if (!tombstone.there() || !rules_.tombstone_check) return false;
    if (mine.work == Work::scanned) return tombstone.epoch >= mine.epoch;
    const bool equal = !again || rules_.recheck_equal;
    return equal ? tombstone.version >= mine.version : tombstone.version > mine.version;
  }

  // (3) probes the tombstones, then writes, which waits for who has the key; (4) probes again.
  void put(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    ++moved.step;
    if (mine.step == 1) {
      moved.covered = covers(mine, false);
      return take(name(mine) + " looks for tombstones", next);
    }
    if (mine.step == 2) {
      if (mine.covered) return commit(index, next, false);
      if (held_by_other(index)) return;
      if (!may_write(mine)) return commit(index, next, false);
      moved.holds = true;
      return take(name(mine) + " is written", next);
    }
    const bool taken_back = rules_.recheck && covers(mine, true);
    if (taken_back) next.row = {};
    commit(index, next, !taken_back);
  }

  bool may_write(const Transaction& mine) const {
    const Entry& row = state_.row;
    if (!row.there()) return true;
    if (mine.work == Work::scanned) return !rules_.epoch_guard || row.epoch < mine.epoch;
    return !rules_.version_guard || row.version < mine.version;
  }

  void commit(std::size_t index, State next, bool writes) {
    const Transaction& mine = state_.transactions[index];
    const bool of_pass = mine.work == Work::scanned;
    if (writes && of_pass)
      next.row = {.version = std::max<Byte>(state_.row.version, 0),
                  .epoch = mine.epoch,
                  .image = mine.image,
                  .mapping = mine.mapping};
    else if (writes)
      next.row = {.version = mine.version,
                  .epoch = state_.epoch,
                  .image = mine.image,
                  .mapping = mine.mapping};
    if (of_pass && state_.pass == Pass::running && state_.epoch == mine.epoch)
      next.page_done = true;
    if (!of_pass && !mine.late) add(next.applied, mine.record);
    if (mine.of_letter) next.letter = -1;
    end(index, name(mine) + (writes ? " is committed" : " is committed, without effect"), next);
  }

  // (5): looks, and holds the key; deletes, and leaves the tombstone. What the first statement sees
  // and has, it deletes at once; that is the same, as nobody else comes to the key until the
  // commit.
  void remove(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    ++moved.step;
    const bool older_row = state_.row.there() && is_older(state_.row, mine);
    if (mine.step == 1) {
      const bool late = (state_.tombstone.there() && rules_.tombstone_check &&
                         state_.tombstone.version >= mine.version) ||
                        (state_.row.there() && !is_older(state_.row, mine));
      if (late) return commit_remove(index, next, false);
      moved.covered = older_row;  // it sees a row that it may delete
      return take(name(mine) + " looks: " + (older_row ? "a row" : "nothing"), next);
    }
    if (mine.step == 2) {
      // Without a placeholder there is nothing to wait for where no row was seen.
      if (!mine.covered && !rules_.placeholder) return take(name(mine) + " finds nothing", next);
      if (held_by_other(index)) return;
      // A placeholder holds the key; a row that was seen does so only if it is locked at once.
      moved.holds = rules_.hold_key || older_row || !mine.covered;
      return take(name(mine) + (moved.holds ? " has the key" : " finds its row gone"), next);
    }
    commit_remove(index, next, mine.holds && older_row);
  }

  bool is_older(const Entry& row, const Transaction& mine) const {
    return !rules_.version_guard || row.version < mine.version;
  }

  void commit_remove(std::size_t index, State next, bool deletes) {
    const Transaction& mine = state_.transactions[index];
    if (deletes) next.row = {};
    const bool overtaken = next.row.there() && next.row.version >= mine.version;
    if (!overtaken) leave_tombstone(next, mine.version);
    if (!mine.late) add(next.applied, mine.record);
    if (mine.of_letter) next.letter = -1;
    end(index, name(mine) + " is committed", next);
  }

  static void leave_tombstone(State& next, Byte version) {
    next.tombstone = {.version = std::max(next.tombstone.version, version),
                      .epoch = std::max(next.tombstone.epoch, next.epoch),
                      .image = 0,
                      .mapping = 0};
  }

  // Deletes what a newer tombstone of this pass covers, and what the pass did not meet.
  void sweep(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    if (mine.step == 1) {
      if (held_by_other(index)) return;
      moved.step = 2;
      moved.holds = state_.row.there();
      return take("the sweep comes to the key", next);
    }
    const Entry row = state_.row;
    const bool covered = row.there() && state_.tombstone.there() &&
                         state_.tombstone.epoch >= mine.epoch &&
                         state_.tombstone.version > row.version;
    const bool unmet = mine.holds && row.there() && row.epoch < mine.epoch;
    if (mine.holds && rules_.sweep && (covered || unmet)) {
      if (bounds_.refusals) refuse_sweep(index);
      next.row = {};
      if (!covered && rules_.sweep_tombstones) leave_tombstone(next, row.version);
    }
    next.swept = true;
    end(index,
        next.row.there() == row.there() ? "the sweep leaves the key" : "the sweep deletes the row",
        next);
  }

  // The row stays, and a letter says so. It has the newest version that is known of the key.
  void refuse_sweep(std::size_t index) {
    State next = state_;
    next.swept = true;
    if (rules_.sweep_letters)
      next.letter = std::max({state_.letter, state_.row.version, state_.tombstone.version});
    end(index, "PostgreSQL refuses the sweep: the row stays", next);
  }

  const State& state_;
  const Rules& rules_;
  const Bounds& bounds_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> steps(const State& state, const Rules& rules, const Bounds& bounds) {
  return Stepper{state, rules, bounds}.all();
}

Byte source_image(const State& state, const Bounds& bounds) {
  if (state.written == 0) return 0;
  return bounds.writes[static_cast<std::size_t>(state.written - 1)] == 'P' ? state.written
                                                                           : Byte{0};
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
