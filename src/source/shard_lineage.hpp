#pragma once

#include <map>
#include <string>
#include <vector>

#include "source/dynamodb.hpp"

namespace dynamite {

/// What is known of a shard from its checkpoint: whether it was read to its end.
using KnownShards = std::map<std::string, bool>;

struct Lineage {
  /// Shards to read now: not finished, and the parent is finished, or was gone before we ever read.
  std::vector<std::string> readable;
  /// Why records must have been lost, in words; empty if none were.
  std::string gap;
  std::string gap_shard;
  /// Shards that are listed, not finished and wait for their parent.
  std::size_t waiting = 0;
  /// Shards that are finished, but whose children are not listed yet. On a stream that is enabled
  /// there are some.
  std::size_t childless = 0;
};

/// `listed`: all shards of the stream; `known`: those with a checkpoint. A child is never read
/// before its parent's end, which is what keeps the order of an item's changes.
Lineage shard_lineage(const std::vector<ShardDescription>& listed, const KnownShards& known);

}  // namespace dynamite
