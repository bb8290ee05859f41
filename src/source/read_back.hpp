#pragma once

#include <stop_token>

#include "core/batch.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// What the source has now in place of what `batch` says: each change becomes a put of its item,
/// read strongly consistent, or a remove if there is none. The result looks into `batch`.
Batch read_back(DynamoDb& dynamodb, const Batch& batch, std::stop_token stop);

}  // namespace dynamite
