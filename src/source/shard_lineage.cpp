#include "source/shard_lineage.hpp"

#include <fmt/format.h>

#include <set>

namespace dynamite {
namespace {

bool is_finished(const KnownShards& known, const std::string& shard) {
  const auto entry = known.find(shard);
  return entry != known.end() && entry->second;
}

}  // namespace

Lineage shard_lineage(const std::vector<ShardDescription>& listed, const KnownShards& known) {
  std::set<std::string> names, parents;
  for (const ShardDescription& shard : listed) {
    names.insert(shard.id);
    parents.insert(shard.parent_id);
  }

  Lineage lineage;
  for (const auto& [shard, finished] : known) {
    if (finished || names.contains(shard)) continue;
    lineage.gap = fmt::format("shard {} was trimmed before it was read to its end", shard);
    lineage.gap_shard = shard;
  }
  for (const ShardDescription& shard : listed) {
    if (is_finished(known, shard.id)) {
      if (!parents.contains(shard.id)) ++lineage.childless;
      continue;
    }
    const bool parent_listed = names.contains(shard.parent_id);
    if (parent_listed && !is_finished(known, shard.parent_id)) {
      ++lineage.waiting;
      continue;
    }
    lineage.readable.push_back(shard.id);
    // On a stream that was read before, a parent that is neither listed nor known was lost whole.
    const bool unseen_parent = !shard.parent_id.empty() && !parent_listed &&
                               !known.contains(shard.parent_id) && !known.contains(shard.id);
    if (!known.empty() && unseen_parent) {
      lineage.gap = fmt::format("shard {} was trimmed before it was seen", shard.parent_id);
      lineage.gap_shard = shard.parent_id;
    }
  }
  return lineage;
}

}  // namespace dynamite
