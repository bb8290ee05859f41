#pragma once

#include <string>

#include "replica/apply/rows.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// The record that a dead letter keeps: as it arrived, unless a target of `replica` leaves
/// something of the items out, or hashes it. Then a record of the same members, but without images:
/// event name, stream, time, keys and sequence number, as far as they can be read. The keys are
/// those of the replica, hashed where it hashes them.
std::string kept_record(const DeadLetter& letter, const Replica& replica);

}  // namespace dynamite
