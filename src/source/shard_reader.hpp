#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/error.hpp"
#include "source/dynamodb.hpp"
#include "source/page.hpp"

namespace dynamite {

/// Where a shard is, and of which table.
struct ShardPlace {
  std::shared_ptr<const SourceTable> table;
  std::string stream_arn;
  std::uint64_t generation = 0;
  std::string shard_id;
};

/// The records are gone: trimmed, or with their shard or stream.
bool is_loss(const Error& error);

/// Reads one shard in order. Never sleeps.
class ShardReader {
 public:
  /// `position`: the sequence number that was applied last; empty: from TRIM_HORIZON.
  ShardReader(DynamoDb& dynamodb, ShardPlace place, std::string position);

  /// From the record with that sequence number on.
  static ShardReader at(DynamoDb& dynamodb, ShardPlace place, std::string sequence_number);

  /// One GetRecords. A page may be finished and still carry records. An expired iterator is
  /// replaced behind the last record that was returned. Throws Error{gap} if records behind the
  /// position are gone.
  Page next(std::stop_token stop);

 private:
  std::string fetch(std::stop_token stop);

  DynamoDb* dynamodb_;  // outlives us; a pointer so that readers can be assigned
  ShardPlace place_;
  std::string position_;
  bool at_position_ = false;  ///< the record at `position_` itself is still to come
  std::optional<std::string> iterator_;
};

}  // namespace dynamite
