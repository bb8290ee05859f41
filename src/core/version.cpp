#include "core/version.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace dynamite {

Version::Version(std::uint64_t generation, std::string_view sequence_number) : Version{} {
  const bool decimal =
      std::ranges::all_of(sequence_number, [](char c) { return c >= '0' && c <= '9'; });
  if (sequence_number.empty() || sequence_number.size() > kSequenceDigits || !decimal)
    throw Error{Error::Kind::poison, "sequence number is not 1 to 40 decimal digits"};
  const std::string label = std::to_string(generation);
  std::ranges::copy(
      label, digits_.begin() + static_cast<std::ptrdiff_t>(kGenerationDigits - label.size()));
  std::ranges::copy(
      sequence_number,
      digits_.begin() + static_cast<std::ptrdiff_t>(kIntegerDigits - sequence_number.size()));
}

Version Version::parse(std::string_view numeric) {
  const std::string_view integer = numeric.substr(0, numeric.find('.'));
  const std::string_view fraction = numeric.substr(std::min(integer.size() + 1, numeric.size()));
  const bool fits = !integer.empty() && integer.size() <= kIntegerDigits &&
                    fraction.size() <= kFractionDigits &&
                    numeric.find_first_not_of(".0123456789") == numeric.npos;
  if (!fits) throw Error{Error::Kind::bug, "a version of the replica is not one of ours"};
  Version version;
  std::ranges::copy(integer, version.digits_.begin() +
                                 static_cast<std::ptrdiff_t>(kIntegerDigits - integer.size()));
  std::ranges::copy(fraction, version.digits_.begin() + kIntegerDigits + 1);
  return version;
}

Version Version::after() const {
  Version next = *this;
  for (auto digit = next.digits_.rbegin(); *digit != '.'; ++digit) {
    if (*digit != '9') {
      ++*digit;
      return next;
    }
    *digit = '0';
  }
  throw Error{Error::Kind::bug, "no version is left between two records"};
}

}  // namespace dynamite
