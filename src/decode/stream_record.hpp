#pragma once

#include <string_view>

#include "core/batch.hpp"
#include "decode/json_scanner.hpp"

namespace dynamite {

/// The members of a stream record that matter. Strings are raw tokens, the others raw JSON values;
/// what is absent, or null, has no data. `userIdentity` is not among them: a record counts whoever
/// caused it.
struct StreamRecord {
  std::string_view event_name;
  std::string_view event_version;
  std::string_view event_source;
  std::string_view stream_arn;
  std::string_view keys;
  std::string_view new_image;
  std::string_view sequence_number;
  std::string_view view_type;
  std::string_view time;
};

inline bool is_present(std::string_view value) noexcept { return value.data() != nullptr; }

/// Reads the record that `scanner` stands before. Throws Error{poison} if it is malformed or one of
/// these members is there twice; what was read by then stays in `record`.
void read_stream_record(JsonScanner& scanner, StreamRecord& record);

/// ApproximateCreationDateTime, a JSON number of seconds since 1970 in any notation. Exact to the
/// microsecond; further digits are cut off. Throws Error{poison} if it is not one, or beyond what
/// Micros holds.
Micros parse_seconds(std::string_view literal);

}  // namespace dynamite
