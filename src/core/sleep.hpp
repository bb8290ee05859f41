#pragma once

#include <chrono>
#include <stop_token>

namespace dynamite {

/// Returns after `duration`, or as soon as `stop` is requested.
void sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop);

}  // namespace dynamite
