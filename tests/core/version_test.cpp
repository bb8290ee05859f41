#include "core/version.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;

TEST(Version, IsTheGenerationThenTheSequenceNumber) {
  const Version version{1'768'478'400'123, "100000000003126276362"};

  EXPECT_EQ(version.digits(),
            "00000001768478400123"
            "0000000000000000000100000000003126276362");
}

TEST(Version, ComparesSequenceNumbersAsIntegers) {
  EXPECT_LT((Version{1, "999999999999999999999"}), (Version{1, "1000000000000000000000"}));
  EXPECT_EQ((Version{1, "000000000000000000002"}), (Version{1, "2"}));
  EXPECT_LT((Version{1, "9"}), (Version{1, std::string(40, '9')}));
}

TEST(Version, OfANewerGenerationIsNewerWhateverTheSequenceNumber) {
  EXPECT_LT((Version{1, std::string(40, '9')}), (Version{2, "0"}));
  EXPECT_LT((Version{9, "0"}), (Version{10, "0"}));
  EXPECT_LT((Version{10, "0"}), (Version{std::numeric_limits<std::uint64_t>::max(), "0"}));
}

TEST(Version, OfAScanIsTheOldest) {
  EXPECT_LT(Version{}, (Version{0, "1"}));
  EXPECT_EQ(Version{}, (Version{0, "0"}));
}

TEST(Version, TakesOneTo40DecimalDigits) {
  for (const std::string& number : {std::string{}, std::string(41, '1'), std::string{"12x"},
                                    std::string{"-1"}, std::string{"1 "}, std::string{"1.5"}})
    EXPECT_EQ(failure_of([&] { Version(1, number); }),
              "poison: sequence number is not 1 to 40 decimal digits")
        << number;
}

TEST(Version, AfterIsNewerButOlderThanTheNextRecords) {
  const Version record{1, "41"};
  Version version = record;
  for (int i = 0; i < 12; ++i) {
    EXPECT_GT(version.after(), version);
    version = version.after();
  }

  EXPECT_LT(version, (Version{1, "42"}));
  EXPECT_THAT(std::string{version.digits()}, ::testing::EndsWith("41.000000012"));
  EXPECT_EQ(version.sequence_number(), "41");
}

TEST(Version, IsParsedFromWhatPostgreSqlSays) {
  const Version version{1'768'478'400'123, "100000000003126276362"};
  EXPECT_EQ(Version::parse("17684784001230000000000000000000100000000003126276362"), version);
  EXPECT_EQ(Version::parse("17684784001230000000000000000000100000000003126276362.000000001"),
            version.after());
  EXPECT_EQ(Version::parse("0"), Version{});
  for (const char* text : {"", ".5", "-1", "NaN", "1.0000000001"})
    EXPECT_EQ(failure_of([&] { Version::parse(text); }),
              "bug: a version of the replica is not one of ours");
}

}  // namespace
}  // namespace dynamite
