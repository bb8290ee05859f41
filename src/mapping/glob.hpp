#pragma once

#include <string_view>

namespace dynamite {

/// True if all of `text` matches: in `glob` `*` stands for any characters, also none, and `?` for
/// one character. Both are UTF-8.
bool glob_matches(std::string_view glob, std::string_view text) noexcept;

}  // namespace dynamite
