#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace dynamite {

/// What orders two changes of one key: generation * 10^40 + sequence number.
/// The generation is the stream's label in milliseconds since 1970, so a newer stream's records
/// are newer. The default value, 0, belongs to a row that only a scan wrote.
class Version {
 public:
  Version() noexcept { digits_.fill('0'); }

  /// `sequence_number`: 1 to 40 decimal digits. Throws Error{poison} if it is not.
  Version(std::uint64_t generation, std::string_view sequence_number);

  /// Decimal digits, with leading zeros: what PostgreSQL's numeric reads.
  std::string_view digits() const noexcept { return {digits_.data(), digits_.size()}; }

  /// Decimal digits, without leading zeros; "0" at least.
  std::string_view sequence_number() const noexcept {
    const std::string_view number = digits().substr(kGenerationDigits);
    return number.substr(std::min(number.find_first_not_of('0'), kSequenceDigits - 1));
  }

  auto operator<=>(const Version&) const = default;

 private:
  static constexpr std::size_t kGenerationDigits = 20;  // any uint64
  static constexpr std::size_t kSequenceDigits = 40;    // longest that AWS documents
  std::array<char, kGenerationDigits + kSequenceDigits> digits_;
};

}  // namespace dynamite
