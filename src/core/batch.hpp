#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "core/version.hpp"

namespace dynamite {

using Micros = std::chrono::sys_time<std::chrono::microseconds>;

/// What a decoder must know of the source table whose bytes it reads.
struct SourceTable {
  std::string arn;  ///< arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME
  KeySchema key_schema;
};

enum class ChangeKind : std::uint8_t {
  put,      ///< INSERT or MODIFY of a stream: `image` is the new image
  remove,   ///< REMOVE of a stream: no image
  scanned,  ///< an item read by a pass: `image` is the item, version 0
};

/// The one normal form of every source. Its views live as long as the Batch that holds it.
struct Change {
  std::string_view key;  ///< canonical (core/key.hpp)
  /// DynamoDB JSON of the item, `{"pk":{"S":"a"},…}`, as it arrived. Empty for a put of a stream
  /// that carries no new images: it is to be read back.
  std::string_view image;
  std::string_view record;  ///< the whole record or item as it arrived, for dead letters
  Version version;
  Micros time{};            ///< ApproximateCreationDateTime, or when it was read
  std::uint16_t table = 0;  ///< index into Batch::tables
  ChangeKind kind = ChangeKind::put;
};

/// A record that could not become a Change. It becomes a dead letter.
struct Rejected {
  std::string_view record;
  std::string reason;           ///< no item content
  std::string sequence_number;  ///< empty where unknown
  std::string key{};            ///< canonical; empty where it cannot be read
  Version version{};            ///< 0 where the sequence number is unknown
  std::uint16_t table = 0;
};

/// Changes that arrived together, and the bytes they look into.
struct Batch {
  /// Pages or the event as they arrived. A list, so that the views outlive a move of the Batch.
  std::list<std::string> pages;
  /// Keys, many a string, of which each grows only within its capacity so that none ever moves; and
  /// items that were read back.
  std::list<std::string> keys;
  std::vector<std::shared_ptr<const SourceTable>> tables;
  std::vector<Change> changes;
  std::vector<Rejected> rejected;

  std::size_t page_bytes() const noexcept;
};

/// Adds to `batch` what came behind it from the same table.
void append(Batch& batch, Batch more);

}  // namespace dynamite
