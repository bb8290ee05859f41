#pragma once

#include <stop_token>

#include "core/batch.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// The changes of `batch`, replaced by what the source has now: a put of the item, read strongly
/// consistent, or a remove if there is no item. What they were is Batch::recorded; a record without
/// an image is there as what was read. The result looks into `batch`.
Batch read_back(DynamoDb& dynamodb, const Batch& batch, std::stop_token stop);

}  // namespace dynamite
