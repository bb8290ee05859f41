#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "where/value.hpp"

namespace dynamite {

struct SampledAttribute {
  std::string name;
  ValueType type = ValueType::null;
  std::string bytes{};  ///< as in Value; empty for lists, maps and sets
};

struct SampledItem {
  std::string_view image;  ///< the caller's
  std::vector<SampledAttribute> attributes{};

  /// The string in an attribute; null if it is missing or no string.
  const std::string* string_at(std::string_view name) const;
};

/// Throws Error{poison} if `image` is no item in DynamoDB's JSON.
SampledItem read_sampled_item(std::string_view image);

}  // namespace dynamite
