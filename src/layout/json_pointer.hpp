#pragma once

#include <string>
#include <string_view>

namespace dynamite {

/// Appends `name` as a step of a JSON pointer (RFC 6901), without the `/` before it: `~` is `~0`,
/// `/` is `~1`.
void append_pointer_step(std::string& out, std::string_view name);

}  // namespace dynamite
