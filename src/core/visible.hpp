#pragma once

#include <string>
#include <string_view>

namespace dynamite {

/// `text` for a line that people or programs read: what would break the line, move the cursor or
/// turn the direction of writing (control characters, line separators, bidirectional overrides),
/// and bytes that are no UTF-8, become visible escapes such as `\n`, `\x1b`, `\u{202e}`.
std::string visible(std::string_view text);

/// The same in double quotes, with a backslash before each quote and backslash in it.
std::string in_quotes(std::string_view text);

/// The value of a field of a log line, `table=Orders`: as it is if it is one plain word, else
/// quoted.
std::string log_value(std::string_view text);

}  // namespace dynamite
