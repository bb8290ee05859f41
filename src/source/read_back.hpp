#pragma once

#include <cstdint>
#include <stop_token>

#include "core/batch.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Whether a put of that table came without its image: its stream carries none.
bool lacks_images(const Batch& batch, std::uint16_t table);

/// What the source has now in place of what `batch` says: each change of that table becomes a put
/// of its item, read strongly consistent, or a remove if there is none. The result has that table
/// only, as its first, and looks into `batch`.
Batch read_back(DynamoDb& dynamodb, const Batch& batch, std::uint16_t table, std::stop_token stop);

}  // namespace dynamite
