#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dynamite {

/// A canonical key: for each part its length (4 bytes, big-endian) and its bytes. S is unescaped
/// UTF-8, B decoded bytes, N the canonical number (core/number.hpp). Equal keys are equal bytes:
/// `1` and `1.0` are one key; `a|b`+`c` and `a`+`b|c` are two.
void append_key_part(std::string& out, std::string_view bytes);

struct KeyParts {
  std::array<std::string_view, 2> parts;
  std::size_t count = 0;
};

/// Views into `key`. Throws Error{bug} if `key` is not canonical.
KeyParts split_key(std::string_view key);

}  // namespace dynamite
