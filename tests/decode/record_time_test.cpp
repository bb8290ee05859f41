#include "decode/record_time.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

std::optional<std::int64_t> micros(std::string_view value) {
  const auto time = parse_record_time(value);
  return time ? std::optional{time->time_since_epoch().count()} : std::nullopt;
}

TEST(RecordTime, TakesSecondsInAnyNotation) {
  for (const char* value :
       {"1768478400", "1768478400.0", "1.7684784E9", "1.7684784e+09", "17684784e2",
        "1768478400000e-3", "1768478400.000000000", R"("1768478400")", R"("1.7684784E9")"})
    EXPECT_EQ(micros(value), 1'768'478'400'000'000) << value;
}

TEST(RecordTime, IsExactToTheMicrosecondAndCutsTheRest) {
  EXPECT_EQ(micros("1768478400.123456"), 1'768'478'400'123'456);
  EXPECT_EQ(micros("1768478400.1234569999"), 1'768'478'400'123'456);
  EXPECT_EQ(micros("9007199254.740993"), 9'007'199'254'740'993);  // beyond 2^53 microseconds
  EXPECT_EQ(micros("1e-6"), 1);
  EXPECT_EQ(micros("0.0000009"), 0);
  EXPECT_EQ(micros("1e-100"), 0);
}

TEST(RecordTime, TellsTheUnitByTheDigits) {
  EXPECT_EQ(micros("1795790300348"), 1'795'790'300'348'000);
  EXPECT_EQ(micros("1795790300348.5"), 1'795'790'300'348'500);
  EXPECT_EQ(micros("1795790300348123"), 1'795'790'300'348'123);
  EXPECT_EQ(micros("1795790300348123456"), 1'795'790'300'348'123);
  EXPECT_EQ(micros("1.795790300348E12"), 1'795'790'300'348'000);
  EXPECT_EQ(micros("99999999999"), 99'999'999'999'000'000);  // the year 5138
}

TEST(RecordTime, TakesIso8601) {
  for (const char* value : {R"("2026-11-27T14:38:20Z")", R"("2026-11-27T14:38:20+00:00")",
                            R"("2026-11-27 14:38:20")", R"("2026-11-27T14:38:20.000Z")",
                            R"("2026-11-27T15:38:20+0100")", R"("2026-11-27T09:08:20-05:30")",
                            R"("2026-11-27T16:38:20+02")", R"("2026-11-27 14:38:20 UTC")"})
    EXPECT_EQ(micros(value), 1'795'790'300'000'000) << value;
  EXPECT_EQ(micros(R"("2026-11-27T14:38:20.1234567Z")"), 1'795'790'300'123'456);
}

TEST(RecordTime, TakesTheDateOfHttp) {
  EXPECT_EQ(micros(R"("Fri, 27 Nov 2026 14:38:20 GMT")"), 1'795'790'300'000'000);
  EXPECT_EQ(micros(R"("27 Nov 2026 14:38:20 +0000")"), 1'795'790'300'000'000);
  EXPECT_EQ(micros(R"("Fri, 6 Nov 2026 14:38:20 GMT")"), 1'793'975'900'000'000);
}

TEST(RecordTime, OfAnotherFormIsNone) {
  for (const char* value :
       {"-1", "1e99", "1e21", "true", "null", "{}", "[]", R"("")", R"("yesterday")",
        R"("2026-13-01T00:00:00Z")", R"("2026-02-30T00:00:00Z")", R"("2026-11-27T25:00:00Z")",
        R"("2026-11-27T14:-0:20Z")", R"("2026-11-27T14:38:20Zx")", R"("1969-12-31T23:59:59Z")",
        R"("2026-11-27")", R"("27 Nix 2026 14:38:20 GMT")",
        R"("2026-11-27T14:38")"
        "x"})
    EXPECT_EQ(micros(value), std::nullopt) << value;
}

}  // namespace
}  // namespace dynamite
