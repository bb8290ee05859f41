#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// One step into an item: an attribute's name, or a place in a list.
struct PathStep {
  std::string name{};
  std::optional<std::size_t> index{};

  bool operator==(const PathStep&) const = default;
};

/// Where a value is in an item, from the outside in; the first step is a name. DynamoDB calls this
/// a document path.
struct AttributePath {
  std::vector<PathStep> steps;

  /// The path of a whole attribute.
  static AttributePath of(std::string_view attribute);
  /// `address.lines[0]`, `"odd.name".city`; absent if the text is no path.
  static std::optional<AttributePath> parse(std::string_view text);

  /// As parse reads it.
  std::string text() const;

  bool is_attribute() const noexcept { return steps.size() == 1; }

  bool operator==(const AttributePath&) const = default;
};

}  // namespace dynamite
