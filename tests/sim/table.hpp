#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/key_schema.hpp"
#include "sim/stream.hpp"

namespace dynamite::sim {

/// A part of a parallel Scan: which items, and from where on.
struct ScanPlace {
  std::uint32_t segment = 0;
  std::uint32_t total_segments = 1;
  std::string exclusive_start_key;  ///< canonical; empty: from the beginning
  std::size_t limit = 1'000;
};

/// A DynamoDB table: items, and the streams that it has and had.
class Table {
 public:
  Table(std::string name, KeySchema key_schema, Chance& chance);

  /// These return the item that was there. `item`, `key`: DynamoDB JSON. Throw Error{poison} if
  /// they lack the key. A put that changes nothing leaves no record.
  std::optional<std::string> put(std::string_view item);
  std::optional<std::string> remove(std::string_view key);
  std::optional<std::string> expire(std::string_view key);  ///< as time to live removes it
  std::optional<std::string> get(std::string_view key) const;

  /// A new stream, under a label that no other has. The one before must be disabled.
  void enable_stream(const std::string& view_type, std::size_t shards);
  void disable_stream();
  void trim();
  /// The table is deleted: its items go without records, and its stream ends.
  void drop();

  struct Page {
    std::vector<std::string> items;
    std::string last_evaluated_key;  ///< DynamoDB JSON; empty: the segment is at its end
  };
  Page scan(const ScanPlace& place) const;

  std::string canonical_key(std::string_view image) const;
  std::string key_json(std::string_view item) const;

  const std::string& name() const noexcept { return name_; }
  std::string arn() const;
  const KeySchema& key_schema() const noexcept { return key_schema_; }
  std::size_t size() const noexcept { return items_.size(); }
  std::vector<std::string> items() const;  ///< all, as they were put

  /// The newest; absent: the table never had one.
  Stream* stream();
  const Stream* stream() const;
  Stream* find_stream(const std::string& arn);
  const std::list<Stream>& streams() const noexcept { return streams_; }

 private:
  /// Items lie in the order of the hash of their partition key, as DynamoDB's do.
  using Place = std::pair<std::uint32_t, std::string>;
  Place place_of(std::string canonical) const;
  std::optional<std::string> take_out(std::string_view key, bool expired);
  void record(ItemChange change);

  std::string name_;
  KeySchema key_schema_;
  Chance& chance_;
  std::map<Place, std::string> items_;
  std::list<Stream> streams_;  // oldest first
  Micros labelled_at_{};       // the newest
};

}  // namespace dynamite::sim
