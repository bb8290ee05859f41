#include "model/noted_rows.hpp"
#include "model/stepper.hpp"

namespace dynamite::model {
namespace {

class TransactionSteps : public Stepper {
 public:
  using Stepper::Stepper;

  void add_all() {
    for (std::size_t i = 0; i < state_.transactions.size(); ++i) go_on(i);
  }

 private:
  void go_on(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    if (mine.work == Work::none) return;
    if (mine.step == 0) return check(index);
    if (mine.work == Work::sweep) return sweep(index);
    if (mine.work == Work::walk) return walk(index);
    if (mine.work == Work::remove) return remove(index);
    if (mine.work == Work::scanned && mine.left) return delete_untaken(index);
    put(index);
  }

  void end(std::size_t index, const std::string& words, State next) {
    next.transactions[index] = {};
    take(words, next);
  }

  static std::string name(const Transaction& t) {
    switch (t.work) {
      case Work::put:
        return "put " + number(t.image) + (t.late ? " (late)" : "");
      case Work::remove:
        if (t.of_letter) return "the letter's remove";
        return "remove " + number(record_of(t.version)) + (t.late ? " (late)" : "");
      case Work::nothing:
        return "what is nothing of record " + number(t.record);
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
    const bool of_sweep = mine.work == Work::sweep || mine.work == Work::walk;
    if (of_sweep && (state_.pass != Pass::sweeping || state_.epoch != mine.epoch))
      return end(index, "the sweep is refused", state_);
    if (mine.late && rules_.read_back_epoch && state_.epoch != mine.epoch)
      return end(index, name(mine) + " is refused: a pass has begun since it was read", state_);
    if (!of_sweep && rules_.mapping_number && mine.mapping != state_.mapping)
      return end(index, name(mine) + " is refused: the mapping has changed", state_);
    State next = state_;
    if (mine.record > 0 && !mine.late && rules_.generation_check && mine.record < state_.oldest) {
      note_applied(next, mine);
      return end(index, name(mine) + " is dropped: a pass began after its stream", next);
    }
    if (mine.work == Work::nothing) return commit(index, next, Outcome::without_effect);
    Transaction& moved = next.transactions[index];
    moved.step = 1;
    if (of_pass && mine.image == 0 && !mine.left) {
      if (running) next.page_done = true;
      return end(index, name(mine) + " is committed, without the key", next);
    }
    take(name(mine) + " passes the check", next);
  }

  // A lost record stays lost, however it comes back.
  static void note_applied(State& next, const Transaction& mine) {
    if (mine.record == 0) return;
    for (Byte record = mine.first; record <= mine.record; ++record)
      if (!holds(next.lost, record)) add(next.applied, record);
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
      if (mine.covered) return settle(index, next, Outcome::without_effect);
      if (held_by_other(index)) return;
      moved.holds = true;
      if (!may_write(mine)) return settle(index, next, Outcome::without_effect);
      return take(name(mine) + " is written", next);
    }
    if (mine.outcome != Outcome::undecided) return commit(index, next, mine.outcome);
    const bool taken_back = rules_.recheck && covers(mine, true);
    settle(index, next, taken_back ? Outcome::taken_back : Outcome::written);
  }

  bool notes_what_was_read(const Transaction& mine) const {
    return is_noting(state_, bounds_) && (mine.work == Work::scanned || mine.late);
  }

  // Commits, unless the history is asked before whether it knows what was read.
  void settle(std::size_t index, State next, Outcome outcome) {
    const Transaction& mine = state_.transactions[index];
    if (!notes_what_was_read(mine)) return commit(index, next, outcome);
    const Entry row = row_behind(mine, outcome);
    Transaction& moved = next.transactions[index];
    moved.outcome = outcome;
    moved.note = mine.late ? note_of_late(mine, row) : note_of_page(state_, rules_, mine, row);
    take(name(mine) + (moved.note.there() ? " is noted" : " is not noted"), next);
  }

  Noted note_of_late(const Transaction& mine, const Entry& row) const {
    return note_of_read(rules_, mine, row, newest_with(state_, rules_, bounds_, mine));
  }

  Entry row_behind(const Transaction& mine, Outcome outcome) const {
    if (outcome == Outcome::taken_back) return {};
    if (outcome != Outcome::written) return state_.row;
    const bool of_pass = mine.work == Work::scanned;
    return {.version = of_pass ? std::max<Byte>(state_.row.version, 0) : mine.version,
            .epoch = of_pass ? mine.epoch : state_.epoch,
            .image = mine.image,
            .mapping = mine.mapping,
            .read = of_pass && bounds_.history != History::none};
  }

  bool may_write(const Transaction& mine) const {
    const Entry& row = state_.row;
    if (!row.there()) return true;
    if (mine.work == Work::scanned) return !rules_.epoch_guard || row.epoch < mine.epoch;
    return !rules_.version_guard || row.version < mine.version;
  }

  void commit(std::size_t index, State next, Outcome outcome) {
    const Transaction& mine = state_.transactions[index];
    const bool writes = outcome == Outcome::written;
    next.row = row_behind(mine, outcome);
    if (writes) next.archived = 0;
    note_page_done(next, mine);
    note_applied(next, mine);
    note_history(next, mine);
    if (mine.of_letter) next.letter = -1;
    end(index, name(mine) + (writes ? " is committed" : " is committed, without effect"), next);
  }

  void note_history(State& next, const Transaction& mine) const {
    note_records(next, rules_, bounds_, mine);
    note(next, bounds_, mine.note, mine.late);
  }

  void note_page_done(State& next, const Transaction& mine) const {
    if (mine.work == Work::scanned && state_.pass == Pass::running && state_.epoch == mine.epoch)
      next.page_done = true;
  }

  static constexpr Byte kHasKey = 3;

  // What a statement sees of the history is older than the row that it waits for.
  void come_to_key(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    if (mine.step == 1 && is_noting(state_, bounds_)) {
      moved.step = 2;
      moved.note = newest(state_);
      return take(name(mine) + " looks into the history", next);
    }
    if (held_by_other(index)) return;
    moved.step = kHasKey;
    moved.holds = state_.row.there();
    take(name(mine) + " comes to the key", next);
  }

  void note_gone(State& next, const Transaction& mine) const {
    if (is_noting(state_, bounds_))
      note(next, bounds_, note_of_gone(rules_, state_.row, mine.note, mine.epoch));
  }

  // A page has an item that the target does not take.
  void delete_untaken(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    const Entry& row = state_.row;
    State next = state_;
    if (mine.step < kHasKey) return come_to_key(index);
    const bool deletes = mine.holds && row.there() && !row.kept && row.epoch < mine.epoch;
    if (deletes) {
      next.row = {};
      leave_tombstone(next, row.version);
      note_gone(next, mine);
    }
    note_page_done(next, mine);
    end(index, name(mine) + (deletes ? " deletes the row" : " leaves the key"), next);
  }

  static constexpr Byte kIsLate = 4;

  // (5): looks, and holds the key; deletes, and leaves the tombstone. What the first statement sees
  // and has, it deletes at once; that is the same, as nobody else comes to the key until the
  // commit.
  void remove(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    if (mine.step == 1) return look_for_row(index);
    State next = state_;
    Transaction& moved = next.transactions[index];
    ++moved.step;
    const bool older_row = state_.row.there() && is_older(state_.row, mine);
    if (mine.step == 2) {
      // Without a placeholder there is nothing to wait for where no row was seen.
      if (!mine.covered && !rules_.placeholder) return take(name(mine) + " finds nothing", next);
      if (held_by_other(index)) return;
      // A placeholder holds the key; a row that was seen does so only if it is locked at once.
      moved.holds = rules_.hold_key || older_row || !mine.covered;
      if (notes_what_was_read(mine))
        moved.note = note_of_late(mine, moved.holds && older_row ? Entry{} : state_.row);
      return take(name(mine) + (moved.holds ? " has the key" : " finds its row gone"), next);
    }
    if (mine.step == kIsLate) {
      moved.note = note_of_late(mine, state_.row);
      return take(name(mine) + (moved.note.there() ? " is noted" : " is not noted"), next);
    }
    commit_remove(index, next, mine.step < kIsLate && mine.holds && older_row);
  }

  void look_for_row(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    const bool row = state_.row.there();
    const bool older_row = row && is_older(state_.row, mine);
    const bool late = (state_.tombstone.there() && rules_.tombstone_check &&
                       state_.tombstone.version >= mine.version) ||
                      (row && !older_row);
    if (late && !notes_what_was_read(mine)) return commit_remove(index, next, false);
    moved.step = late ? kIsLate : Byte{2};
    if (late) return take(name(mine) + " comes too late", next);
    moved.covered = older_row;  // it sees a row that it may delete
    take(name(mine) + " looks: " + (older_row ? "a row" : "nothing"), next);
  }

  bool is_older(const Entry& row, const Transaction& mine) const {
    return !rules_.version_guard || row.version < mine.version;
  }

  void commit_remove(std::size_t index, State next, bool deletes) {
    const Transaction& mine = state_.transactions[index];
    const bool stays = bounds_.kept && (!mine.left || (state_.row.kept && rules_.kept_row_stays));
    if (deletes && stays) keep(next, mine.version, state_.epoch);
    if (deletes && !stays) next.row = {};
    const bool overtaken = next.row.there() && next.row.version >= mine.version;
    const bool newer = mine.version > state_.tombstone.version;
    if (newer && !overtaken && !(deletes && stays)) leave_tombstone(next, mine.version);
    note_applied(next, mine);
    note_history(next, mine);
    if (mine.of_letter) next.letter = -1;
    end(index, name(mine) + " is committed", next);
  }

  void keep(State& next, Byte version, Byte epoch) const {
    next.row.kept = true;
    next.archived = next.row.image;
    if (!rules_.kept_row_guards) return;
    next.row.version = version;
    next.row.epoch = epoch;
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
    if (mine.step < kHasKey) return come_to_key(index);
    State next = state_;
    const Entry row = state_.row;
    const bool covered = row.there() && state_.tombstone.there() &&
                         state_.tombstone.epoch >= mine.epoch &&
                         state_.tombstone.version > row.version;
    const bool unmet = mine.holds && row.there() && row.epoch < mine.epoch;
    const bool spared = row.kept && rules_.sweep_spares_kept;
    if (mine.holds && rules_.sweep && !spared && (covered || unmet)) {
      if (bounds_.refusals) refuse_sweep(index);
      if (bounds_.kept && !row.kept)
        keep(next, covered ? state_.tombstone.version : row.version,
             covered ? state_.tombstone.epoch : mine.epoch);
      else
        next.row = {};
      if (!next.row.kept && !covered && rules_.sweep_tombstones) leave_tombstone(next, row.version);
      if (!covered) note_gone(next, mine);
    }
    next.swept = true;
    end(index, next.row == row ? "the sweep leaves the key" : "the sweep takes out the row", next);
  }

  // Goes through the history, and has no key: what it sees may be older than its commit.
  void walk(std::size_t index) {
    const Transaction& mine = state_.transactions[index];
    State next = state_;
    Transaction& moved = next.transactions[index];
    if (mine.step == 1) {
      moved.step = 2;
      moved.note = note_of_absent(state_, mine.epoch);
      return take(
          name(mine) + (moved.note.there() ? " finds an item without a row" : " finds none"), next);
    }
    note(next, bounds_, mine.note);
    next.walked = true;
    end(index, "the sweep has gone through the history", next);
  }

  // The row stays, and a letter says so. It has the newest version that is known of the key.
  void refuse_sweep(std::size_t index) {
    State next = state_;
    next.swept = true;
    if (rules_.sweep_letters)
      next.letter = std::max({state_.letter, state_.row.version, state_.tombstone.version});
    end(index, "PostgreSQL refuses the sweep: the row stays", next);
  }
};

}  // namespace

void add_transaction_steps(const State& state, const Rules& rules, const Bounds& bounds,
                           std::vector<Step>& steps) {
  TransactionSteps{state, rules, bounds, steps}.add_all();
}

}  // namespace dynamite::model
