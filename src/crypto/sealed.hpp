#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// `text` encrypted and authenticated by AES-256-GCM under `key`, 32 bytes, with a random nonce, as
/// hexadecimal digits.
std::string seal(std::string_view key, std::string_view text);

/// What was sealed; absent if `sealed` is not what seal() made under this key.
std::optional<std::string> unseal(std::string_view key, std::string_view sealed);

}  // namespace dynamite
