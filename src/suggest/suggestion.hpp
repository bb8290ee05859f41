#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "suggest/target_columns.hpp"

namespace dynamite {

struct SuggestedTarget {
  std::string into;                            ///< a table's name without a schema, in snake_case
  std::string where;                           ///< as Clause::parse reads it; empty: all items
  std::size_t items = 0;                       ///< of the sample that it takes
  std::vector<AttributeColumn> columns{};      ///< to declare
  std::vector<AttributeSummary> attributes{};  ///< besides the keys
};

/// Targets for a table of DynamoDB's, as a sample of its items shows it.
struct Suggestion {
  std::string table;
  std::size_t items = 0;                   ///< of the sample
  std::size_t malformed = 0;               ///< more items of it, which cannot be read
  std::size_t taken_by_one = 0;            ///< items that exactly one target takes
  std::vector<SuggestedTarget> targets{};  ///< at least one; of the most items first
};

/// `images`: items in DynamoDB's JSON, as ScanPage has them. The same sample gives the same
/// suggestion, whatever the items' order is.
Suggestion suggest(std::string_view table, std::span<const std::string_view> images,
                   const KeySchema& key_schema);

}  // namespace dynamite
