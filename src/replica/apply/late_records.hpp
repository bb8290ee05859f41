#pragma once

#include "core/batch.hpp"
#include "core/error.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Whether a record of the batch may have been made before a target came to the replica, or came to
/// take other items (Target::changed_at). What followed the record was nothing to that target, so
/// that nothing tells the record's age: docs/protocol.md, "Reading back".
bool has_late_records(const Batch& batch, const Replica& replica);

/// Whether records of a stream are applied only as what the source has now: some lack their image,
/// or are late.
bool must_be_read_back(const Batch& batch, const Replica& replica);

/// `error` of reading late records back, with the reason for which the source was asked.
Error error_of_late_records(const Error& error);

}  // namespace dynamite
