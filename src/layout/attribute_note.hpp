#pragma once

#include <compare>
#include <cstddef>
#include <string>

namespace dynamite {

/// An attribute that has no column, or a value that does not fit its column.
struct AttributeNote {
  std::string name;
  std::string type;  ///< DynamoDB's: S, N, B, BOOL, NULL, SS, NS, BS, M, L

  auto operator<=>(const AttributeNote&) const = default;
};

/// Longer names, in bytes, are not noted.
constexpr std::size_t kNotedNameMax = 255;

}  // namespace dynamite
