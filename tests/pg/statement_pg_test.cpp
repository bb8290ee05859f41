#include <fmt/format.h>
#include <gmock/gmock.h>

#include "pg/statement.hpp"
#include "support/errors.hpp"
#include "support/postgres.hpp"

namespace dynamite::test {
namespace {

using pg::Array;
using pg::Params;

class StatementTest : public PostgresTest {
 protected:
  std::string run(std::string_view sql, Params params) {
    if (!connection_) connection_.emplace(connect());
    return std::string{connection_->run(sql, std::move(params)).text(0, 0).value_or("NULL")};
  }
  std::string show(const Array& array) {
    return run("SELECT $1::text", std::move(Params{}.array(array)));
  }

 private:
  std::optional<pg::Connection> connection_;
};

TEST_F(StatementTest, TextTravelsUnchanged) {
  EXPECT_EQ(run("SELECT $1", std::move(Params{}.text("it's \\ \"\u00e4\"\n"))),
            "it's \\ \"\u00e4\"\n");
}

TEST_F(StatementTest, EmptyTextIsNotNull) {
  EXPECT_EQ(run("SELECT $1 = ''", std::move(Params{}.text(""))), "t");
}

TEST_F(StatementTest, NullIsNull) {
  EXPECT_EQ(run("SELECT $1 IS NULL", std::move(Params{}.null())), "t");
  EXPECT_EQ(run("SELECT $1 IS NULL", std::move(Params{}.text_or_null(std::nullopt))), "t");
}

TEST_F(StatementTest, NumbersKeepAll64Bits) {
  EXPECT_EQ(run("SELECT $1::bigint", std::move(Params{}.number(INT64_MIN))),
            "-9223372036854775808");
}

TEST_F(StatementTest, BytesKeepAll256Values) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);

  EXPECT_EQ(run("SELECT length($1) || ' ' || encode(substr($1, 256, 1), 'hex') || ' ' || "
                "encode(substr($1, 1, 1), 'hex')",
                std::move(Params{}.bytes(bytes))),
            "256 ff 00");
}

TEST_F(StatementTest, AnEmptyArrayHasNoElements) {
  const Array empty;

  EXPECT_EQ(run("SELECT count(*) FROM unnest($1)", std::move(Params{}.array(empty))), "0");
}

TEST_F(StatementTest, ArrayElementsTravelUnchanged) {
  Array array;
  array.append("a");
  array.append("");
  array.append_null();
  array.append("NULL");
  array.append("\"{,}\\");

  EXPECT_EQ(show(array), R"({a,"",NULL,"NULL","\"{,}\\"})");
}

TEST_F(StatementTest, AnElementIsBuiltInPlace) {
  Array array;
  array.begin();
  array.buffer() += "one ";
  array.buffer() += "two";
  array.end();

  EXPECT_EQ(show(array), R"({"one two"})");
}

TEST_F(StatementTest, AnElementThatIsUndoneIsNotThere) {
  Array array;
  array.append("a");
  array.begin();
  array.buffer() += "half";
  array.undo();
  array.append("b");

  EXPECT_EQ(array.size(), 2U);
  EXPECT_EQ(show(array), "{a,b}");
}

TEST_F(StatementTest, AClearedArrayIsUsedAgain) {
  Array array;
  array.append_null();
  array.clear();
  array.append("x");

  EXPECT_EQ(show(array), "{x}");
}

TEST_F(StatementTest, ArraysOfNumbersHoldDigitsAndExponent) {
  Array array{pg::ElementType::numeric};
  array.append(pg::Decimal{});
  array.append(pg::Decimal{.digits = "15", .exponent = -1, .negative = true});
  array.append(pg::Decimal{.digits = "12345", .exponent = 3});
  array.append_null();

  EXPECT_EQ(show(array), "{0,-1.5,12345000,NULL}");
}

TEST_F(StatementTest, ArraysOfTimesHoldMicroseconds) {
  Array array{pg::ElementType::timestamptz};
  array.append_timestamp(0);
  array.append_timestamp(1'768'478'400'123'456);

  EXPECT_EQ(run("SELECT string_agg((v AT TIME ZONE 'UTC')::text, ' ') FROM unnest($1) v",
                std::move(Params{}.array(array))),
            "1970-01-01 00:00:00 2026-01-15 12:00:00.123456");
}

TEST_F(StatementTest, ArraysMayBeLarge) {
  Array array;
  for (int i = 0; i < 100'000; ++i) array.append(std::to_string(i));

  EXPECT_EQ(run("SELECT sum(v::bigint) FROM unnest($1) v", std::move(Params{}.array(array))),
            "4999950000");
}

TEST_F(StatementTest, ManyParametersKeepTheirPlaces) {
  Array array;
  array.append("x");
  Params params;
  params.text("a").array(array).number(7).null().bytes("b").text("c");

  EXPECT_EQ(
      run("SELECT concat_ws('|', $1, $2[1], $3, coalesce($4, 'null'), encode($5, 'escape'), $6)",
          std::move(params)),
      "a|x|7|null|b|c");
}

}  // namespace
}  // namespace dynamite::test
