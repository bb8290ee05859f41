#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace dynamite::test {

/// What mutated() does to a text.
struct Mutations {
  std::string_view bytes;  ///< of which one is put in
  std::uint64_t count;
  std::size_t erased_max = 1;  ///< bytes at once
};

/// `text` with bytes replaced, put in, erased and exchanged at random, until it is too short.
std::string mutated(std::string text, const Mutations& mutations, std::mt19937_64& random);

}  // namespace dynamite::test
