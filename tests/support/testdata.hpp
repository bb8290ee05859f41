#pragma once

#include <string>
#include <string_view>

namespace dynamite::test {

/// The bytes of tests/testdata/PATH. Throws std::runtime_error if it cannot be read.
std::string read_testdata(std::string_view path);

/// Expects `now` to be what tests/testdata/PATH holds; with DYNAMITE_WRITE_GOLDEN=1 in the
/// environment it is first written there, for a change that is meant.
void expect_golden(std::string_view path, std::string_view now);

}  // namespace dynamite::test
