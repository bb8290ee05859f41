#include <cstddef>
#include <cstdint>

#include "fuzz/fuzz.hpp"

/// libFuzzer's name for what it calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dynamite::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
