#include "support/testdata.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
  const std::string wanted = read_testdata(path);
  const auto [is, should] = std::ranges::mismatch(now, wanted);
  if (is == now.end() && should == wanted.end()) return;
  const auto line = std::ranges::count(wanted.begin(), should, '\n') + 1;
  const std::size_t at = static_cast<std::size_t>(is - now.begin());
  const std::size_t begin = now.substr(0, at).rfind('\n') + 1;  // npos + 1: 0
  ADD_FAILURE() << path << ", line " << line << ", differs: now it is\n"
                << now.substr(begin, now.find('\n', at) - begin);
}

}  // namespace dynamite::test
