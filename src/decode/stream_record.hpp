#pragma once

#include <string_view>

#include "core/batch.hpp"
#include "json/scanner.hpp"

namespace dynamite {

/// The members of a stream record that matter. Strings are raw tokens, the others raw JSON values;
/// what is absent, or null, has no data. `eventVersion` is not among them: a record counts whatever
/// it says.
struct StreamRecord {
  std::string_view event_name;
  std::string_view event_source;
  std::string_view stream_arn;
  std::string_view keys;
  std::string_view new_image;
  std::string_view old_image;
  std::string_view sequence_number;
  std::string_view view_type;
  std::string_view time;  ///< any JSON value
  std::string_view user_identity;
};

/// Whether `userIdentity` says that DynamoDB's time to live removed the item. Lambda spells its
/// members `type` and `principalId`, GetRecords `Type` and `PrincipalId`.
bool is_expiry(const StreamRecord& record);

inline bool is_present(std::string_view value) noexcept { return value.data() != nullptr; }

/// Reads the record that `scanner` stands before. Throws Error{poison} if the record is malformed,
/// or if a member that says what changed is there twice or has another JSON type; the other members
/// that could be read stay in `record`. Such a value of a member that only decorates counts as
/// absent.
void read_stream_record(JsonScanner& scanner, StreamRecord& record);

}  // namespace dynamite
