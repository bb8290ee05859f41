#include "support/testdata.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace dynamite::test {

std::string read_testdata(std::string_view path) {
  const auto file = std::filesystem::path{DYNAMITE_TESTDATA} / path;
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw std::runtime_error{"no test data " + file.string()};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace dynamite::test
