#pragma once

#include "model/protocol_model.hpp"

namespace dynamite::model {

/// Whether the target has a history now.
bool is_noting(const State& state, const Bounds& bounds);

/// The newest row of the history, or none.
const Noted& newest(const State& state);

/// Notes the records of `mine`, which commits.
void note_records(State& next, const Rules& rules, const Bounds& bounds, const Transaction& mine);

/// Adds a row, or none, unless the history has one of its version. It must not say something else
/// then, unless it `may_differ`.
void note(State& next, const Bounds& bounds, const Noted& row, bool may_differ = false);

/// What the page `mine` notes where the target's row is `row`, as this transaction sees it.
Noted note_of_page(const State& state, const Rules& rules, const Transaction& mine,
                   const Entry& row);

/// The newest row of the history once it has the record of `mine`, which was read back.
Noted newest_with(const State& state, const Rules& rules, const Bounds& bounds,
                  const Transaction& mine);

/// What `mine` notes of what was read back, where the target's row is `row` by now. `seen`: as
/// above.
Noted note_of_read(const Rules& rules, const Transaction& mine, const Entry& row,
                   const Noted& seen);

/// What is noted of a row that pass `epoch` takes out. `seen`: the newest row of the history.
Noted note_of_gone(const Rules& rules, const Entry& row, const Noted& seen, Byte epoch);

/// What the sweep of pass `epoch` notes when it goes through the history.
Noted note_of_absent(const State& state, Byte epoch);

}  // namespace dynamite::model
