#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// One step of a path as people write it.
struct PathToken {
  std::string text;
  bool is_quoted = false;       ///< a name in quotes, which stand no more in `text`
  bool is_in_brackets = false;  ///< what stands for a place in a list; never quoted

  bool operator==(const PathToken&) const = default;
};

/// The steps of `address.lines[0]`, `"odd.name".city`: names behind dots, places in brackets. A
/// name in quotes may hold anything, a quote in it is doubled; a name without quotes is not empty
/// and holds none of `.[]"`. Absent if the text is no path. What stands in brackets is the caller's
/// to check.
std::optional<std::vector<PathToken>> split_path(std::string_view text);

/// The place in a list that `text` says in decimal digits; absent if it does not.
std::optional<std::size_t> parse_place(std::string_view text);

/// `*` stands for any characters of a name and `?` for one, unless the name is in quotes.
inline bool holds_wildcard(std::string_view name) {
  return name.find_first_of("*?") != std::string_view::npos;
}

/// `name` as split_path reads it: in quotes where it must be, and where it holds a wildcard.
std::string written_name(std::string_view name);

}  // namespace dynamite
