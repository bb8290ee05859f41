#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "layout/attribute_path.hpp"

namespace dynamite {

/// Names paths into items, as `only`, `omit` and `hash` do: `total`, `password*`, `address.*`,
/// `items[*].price`, `"odd.name"[0]`. It is written as a path (layout/attribute_path.hpp). In a
/// name without quotes, `*` stands for any characters of the name and `?` for one; `[*]` stands for
/// any place. Names are told apart by case.
class PathPattern {
 public:
  /// Absent if the text is no pattern.
  static std::optional<PathPattern> parse(std::string_view text);

  /// As parse, but throws Error{usage} if the text is no pattern.
  static PathPattern parse_or_throw(std::string_view text);

  /// Names one attribute.
  static PathPattern of(std::string_view attribute);

  std::size_t size() const noexcept { return steps_.size(); }

  /// Whether the pattern's step `depth` steps in is a name, and takes this one.
  bool matches(std::size_t depth, std::string_view name) const noexcept;
  bool matches(std::size_t depth, std::size_t place) const noexcept;
  bool matches(std::size_t depth, const PathStep& step) const noexcept;

 private:
  struct Name {
    std::string name;
  };
  struct Glob {
    std::string glob;
  };
  struct AnyPlace {};
  using Step = std::variant<Name, Glob, std::size_t, AnyPlace>;

  std::vector<Step> steps_;
};

}  // namespace dynamite
