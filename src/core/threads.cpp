#include "core/threads.hpp"

#include <thread>
#include <vector>

#include "core/error.hpp"
#include "core/first_exception.hpp"

namespace dynamite {

void run_in_threads(std::uint32_t count, const std::stop_token& stop,
                    const std::function<void(std::uint32_t, std::stop_token)>& body) {
  std::stop_source stop_all;
  std::stop_callback forward{stop, [&] { stop_all.request_stop(); }};
  FirstException failure;
  {
    std::vector<std::jthread> threads;
    threads.reserve(count);
    for (std::uint32_t number = 0; number < count; ++number)
      threads.emplace_back([&, number] {
        try {
          body(number, stop_all.get_token());
        } catch (const Error&) {
          failure.keep_current();
          stop_all.request_stop();
        }
      });
  }
  failure.rethrow();
}

}  // namespace dynamite
