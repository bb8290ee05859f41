#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
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
  /// The same, of a target that does not take the item (mapping/routing.hpp).
  scanned_untaken,
};

/// Why a remove leaves a target without the item.
enum class Removal : std::uint8_t {
  removed,  ///< somebody deleted the item
  expired,  ///< DynamoDB's time to live did
  left,     ///< the item is there, but the target does not take it any more
};

/// The one normal form of every source. Its views live as long as the Batch that holds it.
struct Change {
  std::string_view key;  ///< canonical (core/key.hpp)
  /// DynamoDB JSON of the item, `{"pk":{"S":"a"},…}`, as it arrived. Empty for a put of a stream
  /// that carries no new images: the item must be read back.
  std::string_view image;
  /// The item before the change, as `image`. Empty: there was none. Absent: it is not known.
  std::optional<std::string_view> old_image = {};
  std::string_view record;  ///< the whole record or item as it arrived, for dead letters
  Version version;
  Micros time{};  ///< ApproximateCreationDateTime, or when it was read
  /// The record itself tells no time: `time` is when it was read.
  bool time_is_unknown = false;
  ChangeKind kind = ChangeKind::put;
  Removal removal = Removal::removed;  ///< of a remove
};

/// A record that could not become a Change. It becomes a dead letter.
struct Rejected {
  std::string_view record;
  std::string reason;           ///< no item content
  std::string sequence_number;  ///< empty where unknown
  std::string key{};            ///< canonical; empty where it cannot be read
  Version version{};            ///< 0 where the sequence number is unknown
};

/// Changes of one table that arrived together, and the bytes they look into. Views into the pages
/// and the kept bytes outlive a move of the Batch.
struct Batch {
  /// Pages or the event as they arrived. The batches of one event share them.
  std::vector<std::shared_ptr<const std::string>> pages;
  /// The bytes of keep(), many of them a string. A string grows only within its capacity, so that
  /// it never moves.
  std::list<std::string> kept;
  std::shared_ptr<const SourceTable> table;
  std::vector<Change> changes;
  /// Where `changes` are what was read back: the same as their records say them, for targets with a
  /// history. Absent: `changes` are as their records say them.
  std::optional<std::vector<Change>> recorded{};
  std::vector<Rejected> rejected;

  std::size_t page_bytes() const noexcept;

  /// Copies `bytes` to where they live as long as the batch.
  std::string_view keep(std::string_view bytes);
};

/// Appends to `batch` a later batch of the same table.
void append(Batch& batch, Batch more);

/// The time of the newest change; absent: there is no change.
std::optional<Micros> newest_time(const Batch& batch);

/// Whether a put came without its image: its stream carries no new images.
bool lacks_images(const Batch& batch);

}  // namespace dynamite
