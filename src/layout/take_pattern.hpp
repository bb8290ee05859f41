#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// Takes a part of a string: `ORDER#{}` takes what stands behind the prefix. `{}` is taken, `*`
/// passes over anything, everything else stands for itself. Both match as little as they can, from
/// the left.
class TakePattern {
 public:
  /// Absent unless `{}` is there exactly once.
  static std::optional<TakePattern> parse(std::string_view text);

  /// The part of `text`, a view into it; absent if `text` does not match.
  std::optional<std::string_view> take(std::string_view text) const;

  const std::string& text() const noexcept { return text_; }

  bool operator==(const TakePattern&) const = default;

 private:
  explicit TakePattern(std::string_view text) : text_{text} {}

  std::string text_;
};

}  // namespace dynamite
