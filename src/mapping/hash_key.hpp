#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// The secret key under which `hash` stores values. Nothing prints it: it is in no mapping, no
/// error and no log. Threads may share one.
class HashKey {
 public:
  static constexpr std::size_t kBytesMin = 16;

  /// Throws Error{usage} if `secret` is shorter than kBytesMin.
  explicit HashKey(std::string secret);

  /// HMAC-SHA-256 of `bytes` under the key, in 64 lower case hexadecimal digits.
  std::string digest(std::string_view bytes) const;

  /// 16 hexadecimal digits that tell keys apart and do not help to find them. They are the
  /// beginning of the digest of a text that is no UTF-8, and so of no string, number or boolean.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  // Seals a text that must be read again, under a key that is made of this one. sealed.hpp.
  std::string sealed(std::string_view text) const;
  std::optional<std::string> unsealed(std::string_view text) const;

 private:
  std::string secret_;
  std::string sealing_key_;
  std::string fingerprint_;
};

}  // namespace dynamite
