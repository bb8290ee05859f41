#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/batch.hpp"

namespace dynamite::bench {

/// Records of an order table with a composite string key. An item is about 1 KB as plain JSON: 13
/// attributes, among them a nested map and a list.
struct EventShape {
  std::uint64_t records = 1'000;
  std::uint64_t first_key = 0;
  std::uint64_t first_sequence_number = 1;
  unsigned removes_percent = 0;  ///< spread evenly; the others are puts
  std::uint64_t seed = 1;        ///< of the values: another seed, other items for the same keys
};

/// A Lambda event as AWS writes it: without white space, each record with its old image left out.
std::string lambda_event(const EventShape& shape);

/// The table that the records come from.
std::shared_ptr<const SourceTable> event_table();

}  // namespace dynamite::bench
