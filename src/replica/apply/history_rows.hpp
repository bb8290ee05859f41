#pragma once

#include <span>

#include "replica/apply/rows.hpp"

namespace dynamite {

/// Makes rows of a target's history, of which there is one for each change, and adds them to
/// `after`. `records`: not coalesced, sorted by key and version; empty where the target has no
/// history. A change that cannot become a row becomes a dead letter, unless its record has one in
/// `after`.
void add_history(AfterPuts& after, std::span<const Change> records, const Target& target);

/// Adds rows of what was read back: `changes` of the target's rows. They are there only as long as
/// no record tells more.
void add_history_read(AfterPuts& after, std::span<const Change> changes, const Target& target);

}  // namespace dynamite
