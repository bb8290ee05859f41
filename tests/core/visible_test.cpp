#include "core/visible.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

TEST(Visible, LeavesTextAsItIs) {
  EXPECT_EQ(visible("Größe 5 €, \"so\" \\ 𝄞"), "Größe 5 €, \"so\" \\ 𝄞");
}

TEST(Visible, EscapesWhatBreaksALineOrMovesTheCursor) {
  EXPECT_EQ(visible("a\nb\r\tc\x1b[2Jd\x7f"), R"(a\nb\r\tc\x1b[2Jd\x7f)");
  EXPECT_EQ(visible(std::string_view{"\0", 1}), R"(\x00)");
  EXPECT_EQ(visible("\xC2\x85 \xC2\x9B"), R"(\u{85} \u{9b})");
}

TEST(Visible, EscapesWhatMisleadsTheEye) {
  EXPECT_EQ(visible("a\u2028b\u2029c\u202Ed\u2066e\u200Ff"),
            R"(a\u{2028}b\u{2029}c\u{202e}d\u{2066}e\u{200f}f)");
}

TEST(Visible, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(visible("a\xFF\xC0\x80z\xE2\x82"), R"(a\xff\xc0\x80z\xe2\x82)");
  EXPECT_EQ(visible("\xED\xA0\x80"), R"(\xed\xa0\x80)");
  EXPECT_EQ(visible("\xF4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");
}

TEST(InQuotes, EscapesQuotesAndBackslashesToo) {
  EXPECT_EQ(in_quotes("\"nostream\" has no\nstream \\"), R"("\"nostream\" has no\nstream \\")");
}

TEST(LogValue, IsQuotedUnlessItIsOnePlainWord) {
  EXPECT_EQ(log_value("Orders.2-x"), "Orders.2-x");
  EXPECT_EQ(log_value("two words"), "\"two words\"");
  EXPECT_EQ(log_value(""), "\"\"");
  EXPECT_EQ(log_value("x level=error"), "\"x level=error\"");
}

}  // namespace
}  // namespace dynamite
