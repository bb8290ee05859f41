#include "app/cli/log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/visible.hpp"

namespace dynamite {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

std::string members(std::string_view message) { return json_log_line("T", "info", message); }

TEST(JsonLog, FieldsBecomeMembersAndNumbersStayNumbers) {
  EXPECT_EQ(members("applied table=Orders changes=214 lag_s=0.8 delta=-3"),
            R"({"time":"T","level":"info","message":"applied","table":"Orders","changes":214,)"
            R"("lag_s":0.8,"delta":-3})");
}

TEST(JsonLog, TextWithoutFieldsIsTheMessage) {
  EXPECT_EQ(members("two words"), R"({"time":"T","level":"info","message":"two words"})");
  EXPECT_EQ(members(""), R"({"time":"T","level":"info","message":""})");
  EXPECT_EQ(members("a=1 is not at the end"),
            R"({"time":"T","level":"info","message":"a=1 is not at the end"})");
  EXPECT_EQ(members("Upper=1 =2"), R"({"time":"T","level":"info","message":"Upper=1 =2"})");
}

TEST(JsonLog, QuotedValueMayHoldSpaces) {
  EXPECT_EQ(members(R"(stopped table=Orders reason="no such = table" code=5)"),
            R"({"time":"T","level":"info","message":"stopped","table":"Orders",)"
            R"("reason":"no such = table","code":5})");
}

TEST(JsonLog, EmptyValueIsEmptyText) {
  EXPECT_EQ(members("x a= b=\"\""), R"({"time":"T","level":"info","message":"x","a":"","b":""})");
}

TEST(JsonLog, LongNumbersAndOtherSpellingsStayText) {
  EXPECT_EQ(members("x a=123456789012345678901 b=007 c=1. d=0x1 e=1e5 f=-"),
            R"({"time":"T","level":"info","message":"x","a":"123456789012345678901","b":"007",)"
            R"("c":"1.","d":"0x1","e":"1e5","f":"-"})");
}

TEST(JsonLog, FieldsNeverHideTimeLevelOrMessage) {
  EXPECT_EQ(members("x level=3 level=4"),
            R"({"time":"T","level":"info","message":"x","level_":3,"level__":4})");
}

TEST(JsonLog, WhatAServerSaysForgesNoField) {
  const std::string said = "\"nostream\" has no stream\nx\\ table=Other level=\"error\"";

  EXPECT_EQ(
      members(fmt::format("skipped table={} reason={}", log_value("a table=b"), in_quotes(said))),
      R"({"time":"T","level":"info","message":"skipped","table":"a table=b",)"
      R"("reason":"\"nostream\" has no stream\u000ax\\ table=Other level=\"error\""})");
}

TEST(JsonLog, ControlCharactersAndQuotesAreEscaped) {
  EXPECT_EQ(members("a\"b\\c\nd"), R"({"time":"T","level":"info","message":"a\"b\\c\u000ad"})");
}

class LogOutputTest : public testing::Test {
 protected:
  ~LogOutputTest() override { set_up_logging({}); }

  static std::string log(const LogOptions& options) {
    set_up_logging(options);
    testing::internal::CaptureStderr();
    spdlog::debug("detail");
    spdlog::info("applied table={} changes={}", "Orders", 214);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogOutputTest, TextHasTimeLevelAndEvent) {
  EXPECT_THAT(log({}), MatchesRegex("....-..-..T..:..:..[.]...Z info applied table=Orders "
                                    "changes=214\n"));
}

TEST_F(LogOutputTest, TextIsOneLineAnEvent) {
  set_up_logging({});
  testing::internal::CaptureStderr();
  spdlog::info("a\n2026-01-01T00:00:00.000Z error forged\x1b[2J");
  const std::string line = testing::internal::GetCapturedStderr();

  EXPECT_THAT(line, HasSubstr(R"(info a\n2026-01-01T00:00:00.000Z error forged\x1b[2J)"));
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST_F(LogOutputTest, JsonIsOneObjectALine) {
  const auto line = log({LogOptions::Format::json, LogOptions::Level::info});

  EXPECT_THAT(line, StartsWith(R"({"time":"20)"));
  EXPECT_THAT(line, EndsWith(R"(Z","level":"info","message":"applied","table":"Orders",)"
                             "\"changes\":214}\n"));
}

TEST_F(LogOutputTest, LevelDecidesWhatIsShown) {
  EXPECT_THAT(log({LogOptions::Format::text, LogOptions::Level::debug}), HasSubstr("debug detail"));
  EXPECT_EQ(log({LogOptions::Format::text, LogOptions::Level::warn}), "");
}

}  // namespace
}  // namespace dynamite
