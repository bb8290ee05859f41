#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Records of the source that are gone before they were read; of the whole stream if `shard_id` is
/// empty.
struct Gap {
  std::string stream_arn;
  std::string shard_id;
  std::string reason;
};

/// Notes a stream of the table, once. If an older stream was noted before, changes between the two
/// are in neither stream: records a gap for them in the same transaction, and returns it.
std::optional<Gap> note_stream(pg::Connection& connection, const Replica& table,
                               const std::string& stream_arn, std::uint64_t generation);

/// Records a gap, which the next pass heals. The same gap is recorded once until a new pass begins.
void record_gap(pg::Connection& connection, const Replica& table, const Gap& gap);

}  // namespace dynamite
