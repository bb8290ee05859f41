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
  Version() noexcept {
    digits_.fill('0');
    digits_[kIntegerDigits] = '.';
  }

  /// `sequence_number`: 1 to 40 decimal digits. Throws Error{poison} if it is not.
  Version(std::uint64_t generation, std::string_view sequence_number);

  /// What PostgreSQL's numeric says: decimal digits, and perhaps a fraction. Throws Error{bug} if
  /// it is not.
  static Version parse(std::string_view numeric);

  /// A version above this one and below every newer record's. An item gets it that was read back
  /// from the source while this was the newest version known of its key.
  Version after() const;

  /// Decimal digits, with leading zeros: what PostgreSQL's numeric reads.
  std::string_view digits() const noexcept {
    return {digits_.data(), has_fraction() ? digits_.size() : kIntegerDigits};
  }

  /// Decimal digits, without leading zeros; "0" at least.
  std::string_view sequence_number() const noexcept {
    return without_zeros({digits_.data() + kGenerationDigits, kSequenceDigits});
  }

  /// The generation in decimal digits, without leading zeros; "0" at least.
  std::string_view generation() const noexcept {
    return without_zeros({digits_.data(), kGenerationDigits});
  }

  auto operator<=>(const Version&) const = default;

 private:
  static constexpr std::size_t kGenerationDigits = 20;  // any uint64
  static constexpr std::size_t kSequenceDigits = 40;    // longest that AWS documents
  static constexpr std::size_t kIntegerDigits = kGenerationDigits + kSequenceDigits;
  static constexpr std::size_t kFractionDigits = 9;

  static std::string_view without_zeros(std::string_view number) noexcept {
    return number.substr(std::min(number.find_first_not_of('0'), number.size() - 1));
  }

  std::string_view fraction() const noexcept {
    return {digits_.data() + kIntegerDigits + 1, kFractionDigits};
  }
  bool has_fraction() const noexcept {
    return fraction().find_first_not_of('0') != std::string_view::npos;
  }

  std::array<char, kIntegerDigits + 1 + kFractionDigits> digits_;
};

}  // namespace dynamite
