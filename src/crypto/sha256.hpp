#pragma once

#include <string>
#include <string_view>

namespace dynamite {

/// The 32 bytes of HMAC-SHA-256 (RFC 2104) of `bytes` under `key`. Both may be empty.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// SHA-256 of `bytes` in 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// Two lower case hexadecimal digits a byte.
std::string hex(std::string_view bytes);

}  // namespace dynamite
