#pragma once

#include <optional>
#include <string_view>

#include "core/batch.hpp"

namespace dynamite {

/// ApproximateCreationDateTime, a JSON value, in the forms that AWS's services and SDKs write:
///
/// * a number, or a string that holds one, in any notation: seconds since 1970, milliseconds,
///   microseconds or nanoseconds. Its digits before the point tell which: up to 11, 14, 17, 20.
///   That is right from 1973 to 5138;
/// * ISO 8601 text, `2026-11-27T14:38:20.5Z`, with a blank for the T, an offset for the Z, or none
///   of both, which is UTC;
/// * the date of HTTP and RFC 822, `Fri, 27 Nov 2026 14:38:20 GMT`.
///
/// Cut to the microsecond. Absent: it is none of these, or before 1970.
std::optional<Micros> parse_record_time(std::string_view value);

}  // namespace dynamite
