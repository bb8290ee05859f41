#include "model/noted_rows.hpp"

#include <algorithm>
#include <stdexcept>

#include "model/routing.hpp"
#include "model/stepper.hpp"

namespace dynamite::model {
namespace {

/// The image of the row's item; 0: there is no row, or that of a removed item.
Byte shown(const Entry& row) { return row.kept ? Byte{0} : row.image; }

bool is_of_record(const Noted& row) { return row.part == 0 && row.version % version_of(1) == 0; }

/// The row of a record, as `mapping` routes it; none if the record is nothing to the target.
Noted note_of_record(const Rules& rules, const Bounds& bounds, Byte mapping, Byte record) {
  const Transaction change = route(rules, bounds, mapping, record, record);
  if (change.work == Work::nothing) return {};
  return {.version = change.version, .image = change.image};
}

/// Of an image, just above what the row and the history have. `seen`: the newest row there.
Noted above(const Rules& rules, const Entry& row, const Noted& seen, Byte epoch) {
  Noted highest{.version = 0};
  if (rules.note_above_row && row.there()) highest = {.version = row.version};
  if (rules.note_above_noted && seen.there())
    highest = std::max(highest, Noted{seen.version, seen.part});
  highest.part = static_cast<Byte>(highest.part + epoch);
  return highest;
}

Noted with_image(Noted row, Byte image) {
  row.image = image;
  return row;
}

bool has(const State& state, const Noted& row) {
  return std::ranges::find(state.noted, row) != state.noted.end();
}

bool has_record(const State& state, const Bounds& bounds, Byte record) {
  for (Byte mapping = 0; mapping <= state.mapping; ++mapping) {
    const Noted row = note_of_record({}, bounds, mapping, record);
    if (row.there() && has(state, row)) return true;
  }
  return false;
}

}  // namespace

bool is_noting(const State& state, const Bounds& bounds) {
  switch (bounds.history) {
    case History::none:
      return false;
    case History::whole:
      return true;
    case History::late:
      return state.switches == 1;
    case History::paused:
      return state.switches != 1;
  }
  return false;
}

const Noted& newest(const State& state) { return state.noted.back(); }

void note_records(State& next, const Rules& rules, const Bounds& bounds, const Transaction& mine) {
  if (!is_noting(next, bounds)) return;
  if (mine.of_letter) return note(next, bounds, {.version = mine.version, .image = mine.image});
  if (mine.record == 0) return;
  for (Byte record = mine.first; record <= mine.record; ++record) {
    const Noted row = note_of_record(rules, bounds, mine.mapping, record);
    if (!row.there()) continue;
    add(next.to_note, record);
    if (rules.note_each || row.version == mine.version) note(next, bounds, row);
  }
}

void note(State& next, const Bounds& bounds, const Noted& row, bool may_differ) {
  if (!row.there()) return;
  const auto same = std::ranges::find_if(next.noted, [&](const Noted& other) {
    return other.version == row.version && other.part == row.part;
  });
  if (same != next.noted.end()) {
    // Of a record the history keeps what the older mapping made of it.
    const bool remade = bounds.new_clause && is_of_record(row);
    if (same->image != row.image && !remade && !may_differ) next.clash = true;
    return;
  }
  if (next.noted.front().there()) throw std::logic_error{"the model has no room for more rows"};
  next.noted.front() = row;
  std::ranges::sort(next.noted);
}

// The row has the epoch of the page and the time of its item: then this page has written it.
Noted note_of_page(const State& state, const Rules& rules, const Transaction& mine,
                   const Entry& row) {
  const bool wrote = (shown(row) != 0 || !rules.note_live) && row.epoch == mine.epoch && row.read &&
                     row.image == mine.image;
  if (rules.note_written && !wrote) return {};
  const Noted& seen = newest(state);
  if (seen.there() && seen.image == mine.image) return {};
  return with_image(above(rules, row, seen, mine.epoch), mine.image);
}

Noted newest_with(const State& state, const Rules& rules, const Bounds& bounds,
                  const Transaction& mine) {
  return std::max(newest(state), note_of_record(rules, bounds, mine.mapping, mine.record));
}

Noted note_of_read(const Rules& rules, const Transaction& mine, const Entry& row,
                   const Noted& seen) {
  if (!rules.note_read || mine.of_letter) return {};
  if (!rules.note_read_last && (seen.version > mine.version || seen.part > 0)) return {};
  const bool there = shown(row) != 0;
  if (there && (mine.image == 0 || row.read || row.version != mine.version)) return {};
  const Byte image = there ? mine.image : Byte{0};
  if (seen.image == image) return {};
  const auto part = static_cast<Byte>(mine.epoch + 1);
  return with_image(above(rules, {.version = mine.version}, seen, part), image);
}

Noted note_of_gone(const Rules& rules, const Entry& row, const Noted& seen, Byte epoch) {
  if (!rules.note_swept) return {};
  return above(rules, row, seen, epoch);
}

Noted note_of_absent(const State& state, Byte epoch) {
  const Noted& seen = newest(state);
  if (!seen.there() || seen.image == 0 || shown(state.row) != 0) return {};
  return {.version = seen.version, .part = static_cast<Byte>(seen.part + epoch)};
}

bool tells_the_truth(const State& state, const Bounds& bounds) {
  if (state.clash) return false;
  for (Byte record = 1; record <= state.written; ++record)
    if (holds(state.to_note, record) && !has_record(state, bounds, record)) return false;
  if (!is_noting(state, bounds)) return true;
  if (state.noted_since > 0 && state.completed < state.noted_since) return true;
  const bool reads_back = bounds.late || bounds.history != History::whole;
  if (reads_back && !at_rest(state, bounds)) return true;
  return newest(state).image == shown(state.row);
}

}  // namespace dynamite::model
