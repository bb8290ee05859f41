#include "mapping/snake_case.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace dynamite {
namespace {

struct Case {
  const char* attribute;
  const char* name;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.attribute; }

class SnakeCase : public testing::TestWithParam<Case> {};

TEST_P(SnakeCase, IsWhatSqlTakesWithoutQuotes) {
  EXPECT_EQ(snake_case(GetParam().attribute), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Names, SnakeCase,
    testing::Values(Case{"total", "total"}, Case{"orderId", "order_id"},
                    Case{"OrderId", "order_id"}, Case{"orderID", "order_id"},
                    Case{"HTTPServer", "http_server"},
                    Case{"parseHTTPRequest", "parse_http_request"},
                    Case{"Order Date", "order_date"}, Case{"order-date", "order_date"},
                    Case{"order  -- date", "order_date"}, Case{"order_date", "order_date"},
                    Case{"order__date", "order__date"}, Case{"Order_Date", "order_date"},
                    Case{"_id", "_id"}, Case{"__typename", "__typename"}, Case{"$path", "path"},
                    Case{"price ($)", "price"}, Case{"GSI1PK", "gsi1_pk"},
                    Case{"utf8String", "utf8_string"}, Case{"line2", "line2"},
                    Case{"S3Key", "s3_key"}, Case{"2ndLine", "_2nd_line"}, Case{"7", "_7"},
                    Case{"A", "a"}, Case{"ID", "id"}, Case{"", "_"}, Case{"%", "_"}, Case{"_", "_"},
                    Case{"a.b[0]", "a_b_0"}, Case{"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},
                    Case{"gr\xC3\xB6\xC3\x9F"
                         "eMax",
                         "gr\xC3\xB6\xC3\x9F"
                         "e_max"}));

TEST(SnakeCaseOfAnything, NeedsNoQuotes) {
  std::mt19937_64 random{testing::UnitTest::GetInstance()->random_seed() + 1U};
  constexpr std::string_view kCharacters{"aB0_ -.\"'\n\x7F\xC3"};
  for (int round = 0; round < 10'000; ++round) {
    std::string attribute;
    while (random() % 6 != 0) attribute += kCharacters[random() % kCharacters.size()];

    const std::string name = snake_case(attribute);

    EXPECT_NE(name, "") << attribute;
    EXPECT_FALSE(name.front() >= '0' && name.front() <= '9') << attribute;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_\xC3"), name.npos)
        << attribute;
    EXPECT_EQ(snake_case(name), name);
  }
}

}  // namespace
}  // namespace dynamite
