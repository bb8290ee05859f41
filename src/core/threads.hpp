#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace dynamite {

/// Calls `body` with each number from 0 to `count` - 1, on a thread each, and returns when all are
/// back. An Error of one thread stops the other threads, and `stop` stops all. Throws the first
/// Error.
void run_in_threads(std::uint32_t count, const std::stop_token& stop,
                    const std::function<void(std::uint32_t number, std::stop_token stop)>& body);

}  // namespace dynamite
