#pragma once

#include <optional>
#include <string>

#include "core/batch.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Why the table's stream cannot be followed; absent: it can.
std::optional<std::string> why_unfollowable(const TableDescription& table);

/// Throws Error{usage} with the AWS CLI command that mends it.
void require_followable(const TableDescription& table);

/// Throws Error{usage} if the table was deleted and made again under another account, region or
/// key.
void require_same_table(const TableDescription& table, const SourceTable& source);

}  // namespace dynamite
