#pragma once

#include <chrono>

namespace dynamite::pg {

/// How often a wait looks at the stop token.
inline constexpr std::chrono::milliseconds kStopCheck{50};

/// Waits for poll's `events` on `socket`. Returns those that came, 0 if none did in time.
short wait_for_socket(int socket, short events, std::chrono::milliseconds timeout);

}  // namespace dynamite::pg
