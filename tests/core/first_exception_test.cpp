#include "core/first_exception.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>

namespace dynamite {
namespace {

void keep(FirstException& failure, const std::string& what) {
  try {
    throw std::runtime_error{what};
  } catch (...) {
    failure.keep_current();
  }
}

TEST(FirstException, WithoutOneNothingIsThrown) {
  const FirstException failure;

  EXPECT_FALSE(failure.kept());
  EXPECT_NO_THROW(failure.rethrow());
}

TEST(FirstException, TheFirstIsThrownToEveryoneWhoAsks) {
  FirstException failure;
  keep(failure, "first");
  keep(failure, "second");

  EXPECT_TRUE(failure.kept());
  for (int i = 0; i < 2; ++i) {
    try {
      failure.rethrow();
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "first");
    }
  }
}

}  // namespace
}  // namespace dynamite
