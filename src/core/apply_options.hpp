#pragma once

#include <cstdint>

namespace dynamite {

enum class OnPoison : std::uint8_t {
  quarantine,  ///< the record becomes a dead letter, the rest goes on
  stop,        ///< the table stops at the first
};

struct ApplyOptions {
  OnPoison on_poison = OnPoison::quarantine;
  std::int64_t dead_letters_max = 1'000;  ///< within an hour, of one table; with more it stops

  bool operator==(const ApplyOptions&) const = default;
};

}  // namespace dynamite
