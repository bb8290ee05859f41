#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
#include "replica/state/replica.hpp"

namespace dynamite::bench {

/// Registers a replica without rows, public.NAME with the state schema NAME_state, of a table whose
/// key is the string pk. What was there of these names is dropped.
Replica make_bench_replica(const std::string& url, const std::string& name, Mapping mapping = {});

/// Puts of keys all over a table whose key is the string pk, "000000000001" and so on.
struct ApplyLoad {
  std::string url;
  std::string state_schema;
  std::shared_ptr<const SourceTable> source;
  std::uint64_t rows = 0;
  std::string attributes;  ///< DynamoDB JSON of what each item has beside its key: `"a":{"S":""}`
};

/// Applies batches of kApplyLoadBatch puts until `ended`, one at least. How long each took, sorted,
/// in milliseconds.
std::vector<double> apply_until(const ApplyLoad& load, const std::stop_token& ended);

constexpr std::size_t kApplyLoadBatch = 100;

/// How many there are, their median, the 99th percentile and the longest, as columns of a table.
std::string in_columns(const std::vector<double>& times);
std::string column_titles();

}  // namespace dynamite::bench
