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
  std::ranges::copy(sequence_number,
                    digits_.end() - static_cast<std::ptrdiff_t>(sequence_number.size()));
}

}  // namespace dynamite
