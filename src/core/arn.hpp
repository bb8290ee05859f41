#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dynamite {

/// A stream's name taken apart:
/// arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL.
struct StreamArn {
  std::string table_arn;  ///< up to and with the table's name
  std::string table_name;
  std::string label;             ///< 2026-01-15T12:00:00.123
  std::uint64_t generation = 0;  ///< the label as milliseconds since 1970
};

/// Throws Error{poison} if `arn` is not a DynamoDB stream's, or its label not a time.
StreamArn parse_stream_arn(std::string_view arn);

/// The table's name in `arn:…:table/NAME`. Throws Error{usage} if `arn` is not a DynamoDB table's.
std::string table_name_of(std::string_view table_arn);

}  // namespace dynamite
