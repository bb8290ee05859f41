#pragma once

#include <string>
#include <string_view>

namespace dynamite::test {

/// The bytes of tests/testdata/PATH. Throws std::runtime_error if it cannot be read.
std::string read_testdata(std::string_view path);

}  // namespace dynamite::test
