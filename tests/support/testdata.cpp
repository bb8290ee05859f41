#include "support/testdata.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
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

void expect_golden(std::string_view path, std::string_view now) {
  const char* const write = std::getenv("DYNAMITE_WRITE_GOLDEN");
  if (write != nullptr && std::string_view{write} == "1")
    std::ofstream{std::filesystem::path{DYNAMITE_TESTDATA} / path, std::ios::binary} << now;
  EXPECT_EQ(now, read_testdata(path));
}

}  // namespace dynamite::test
