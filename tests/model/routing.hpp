#pragma once

#include "model/protocol_model.hpp"

namespace dynamite::model {

/// Whether the write `record` of the source is a put, taken or not.
bool is_put(const Bounds& bounds, Byte record);

/// Whether the clause of `mapping` takes the item of the write `image`; false for 0, no item.
bool takes(const Bounds& bounds, Byte mapping, Byte image);

/// The transaction that applies the records `first` to `last`, read as one batch: what is left of
/// them for the target of `mapping` once they are coalesced.
Transaction route(const Rules& rules, const Bounds& bounds, Byte mapping, Byte first, Byte last);

/// The transaction that applies `image`, read back from the source, as `mapping` routes it. The
/// record, the version and so on are those of `change`.
Transaction route_read_back(const Bounds& bounds, Byte mapping, Byte image, Transaction change);

/// The transaction that applies `page`.
Transaction route_scanned(const Rules& rules, const Bounds& bounds, Byte mapping, const Page& page);

}  // namespace dynamite::model
