#pragma once

#include <cstdint>

namespace dynamite {

/// What a number counts that becomes a timestamptz: since 1970.
enum class TimeUnit : std::uint8_t { none, s, ms, us };

}  // namespace dynamite
