#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/number.hpp"
#include "layout/column.hpp"
#include "layout/conversion.hpp"
#include "pg/array_rows.hpp"
#include "support/mutation.hpp"
#include "support/postgres.hpp"

namespace dynamite {
namespace {

constexpr int kTexts = 6'000;  // of each conversion

struct Settings {
  std::string_view time_zone, date_style;
};
constexpr std::array kSettings{Settings{"UTC", "ISO, MDY"},
                               Settings{"America/St_Johns", "SQL, DMY"},
                               Settings{"Asia/Kathmandu", "German, YMD"}};

/// Writes what a text is in the column. Writes nothing if it does not fit.
using Convert = std::function<void(std::string_view text, pg::RowSink& row)>;
using MakeText = std::function<std::string(std::mt19937_64& random)>;

template <class Value, class Function, class Send>
Convert converting(Function convert, Send send) {
  return [=](std::string_view text, pg::RowSink& row) {
    if (const std::optional<Value> value = convert(text)) (row.*send)(*value);
  };
}

/// A conversion, and what SQL says of it. In SQL the text is called `text`.
struct Rule {
  ColumnType type;
  Convert convert;
  MakeText make_text;
  std::string cast;  ///< SQL of the value of `text`; a text for which it fails does not fit
  /// SQL: whether `theirs`, the cast value, gives `text` back.
  std::string_view given_back = "true";
  /// SQL: whether the conversion is meant to take such a text.
  std::string_view of_our_form = "true";
};

std::uint64_t seed() {
  const char* given = std::getenv("DYNAMITE_TEST_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}

class ConversionTest : public test::PostgresTest {
 protected:
  void hold(const Rule& rule) {
    SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", seed()));
    pg::Connection connection = this->connect();
    make_table(connection, rule);
    for (const Settings& settings : kSettings) {
      connection.run(fmt::format("SET TimeZone = '{}'", settings.time_zone));
      connection.run(fmt::format("SET DateStyle = '{}'", settings.date_style));
      EXPECT_EQ(first_differences(connection, rule), "") << settings.time_zone;
    }
    const pg::Result fits = connection.run("SELECT count(ours), count(*) FROM cases");
    EXPECT_GT(fits.number(0, 0), kTexts / 20);
    EXPECT_LT(fits.number(0, 0), kTexts);
  }

 private:
  static void make_table(pg::Connection& connection, const Rule& rule) {
    const TravelForm& form = travel_form(rule.type);
    pg::ArrayRows rows{{pg::ElementType::text, form.element}};
    std::mt19937_64 random{seed()};
    for (int i = 0; i < kTexts; ++i) {
      const std::string text = rule.make_text(random);
      rows.begin_row();
      rows.text(text);
      const std::size_t before = rows.bytes();
      rule.convert(text, rows);
      if (rows.bytes() == before) rows.null();
    }
    pg::Params params;
    rows.add_to(params);
    connection.run(fmt::format("CREATE TEMPORARY TABLE cases (text text, ours {})",
                               type_definition(rule.type)));
    connection.run(
        fmt::format("INSERT INTO cases SELECT * FROM unnest($1::text[], $2::{}[])", form.array_of),
        std::move(params));
    connection.run(fmt::format(R"(
CREATE FUNCTION pg_temp.fitting(text text) RETURNS {0} LANGUAGE plpgsql AS $$
DECLARE theirs {0};
BEGIN
  theirs := {1};
  RETURN CASE WHEN {2} THEN theirs END;
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END$$)",
                               type_definition(rule.type), rule.cast, rule.given_back));
  }

  static std::string first_differences(pg::Connection& connection, const Rule& rule) {
    const pg::Result rows = connection.run(fmt::format(
        R"(
SELECT text, ours::text, theirs::text
FROM (SELECT text, ours, pg_temp.fitting(text) AS theirs FROM cases OFFSET 0) AS c
WHERE ours::text IS DISTINCT FROM theirs::text AND (ours IS NOT NULL OR {})
LIMIT 5)",
        rule.of_our_form));
    std::string differences;
    for (int row = 0; row < rows.rows(); ++row)
      differences +=
          fmt::format("'{}': ours {}, theirs {}\n", rows.at(row, 0),
                      rows.text(row, 1).value_or("none"), rows.text(row, 2).value_or("none"));
    return differences;
  }
};

std::string one_of(std::mt19937_64& random, std::initializer_list<std::string_view> list) {
  return std::string{list.begin()[random() % list.size()]};
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in{text};
  return {std::istream_iterator<std::string>{in}, {}};
}

std::string random_digits(std::mt19937_64& random, std::uint64_t count) {
  std::string digits;
  for (; count > 0; --count) digits += static_cast<char>('0' + random() % 10);
  return digits;
}

std::string near(std::string text, std::string_view bytes, std::mt19937_64& random) {
  const std::uint64_t count = random() % 5;  // mostly none: a text of one mistake tells the most
  return test::mutated(std::move(text), {.bytes = bytes, .count = count < 3 ? 0 : count - 2},
                       random);
}

/// A double in as many digits as tell it from its neighbours, more or less.
std::string digits_of_a_double(std::mt19937_64& random) {
  const int exponent = static_cast<int>(random() % 2'100) - 1'100;
  const double value =
      std::ldexp(static_cast<double>(random() >> 11U), random() % 2 == 0 ? exponent : exponent % 8);
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, 15 + random() % 4) : "0";
}

std::string number_edge(std::mt19937_64& random) {
  static const std::vector<std::string> edges = words(
      "0 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 "
      "2147483647 2147483648 -2147483648 -2147483649 9007199254740991 9007199254740992 "
      "9007199254740993 4503599627370497.5 32216498172380208 3.221649817238021e16 0.1 "
      "0.30000000000000004 0.30000000000000005 1e22 1e23 9.999999999999999e22 123456789012345678 "
      "1.7976931348623157e308 1.7976931348623159e308 2.2250738585072014e-308 "
      "2.2250738585072011e-308 5e-324 2e-324");
  return edges[random() % edges.size()];
}

/// JSON numbers near the edges of integers and doubles, and mutations of them.
std::string json_number(std::mt19937_64& random) {
  if (random() % 3 == 0) return near(number_edge(random), "0123456789-+.eE ", random);
  if (random() % 3 == 0) return digits_of_a_double(random);
  std::string number = random() % 2 == 0 ? "-" : "";
  number += random() % 4 == 0 ? "0" : std::to_string(random() >> random() % 64);
  if (random() % 2 == 0) number += "." + random_digits(random, 1 + random() % 18);
  if (random() % 3 == 0) number += fmt::format("e{}", static_cast<int>(random() % 700) - 350);
  return near(number, "0123456789-+.eE ", random);
}

/// Numbers of DynamoDB in forms that clients write. An exponent of zero is one that PostgreSQL
/// reads.
std::string dynamodb_number(std::mt19937_64& random) {
  for (;;) {
    std::string number = json_number(random);
    if (random() % 8 == 0) number.insert(0, "+");
    if (random() % 8 == 0) number += ".000";
    if (random() % 4 == 0) number += fmt::format("E{}", static_cast<int>(random() % 40) - 20);
    const bool is_small = number.size() - std::min(number.find_first_of("eE"), number.size()) < 6;
    if (is_small && parse_dynamodb_number(number)) return number;
  }
}

std::string plain_text_number(std::mt19937_64& random) {
  std::string number = json_number(random);
  return number.substr(0, number.find('e'));
}

std::string date(std::mt19937_64& random) {
  const std::string year =
      random() % 3 == 0
          ? one_of(random, {"0000", "0001", "0099", "1900", "1970", "2000", "2024", "9999"})
          : random_digits(random, 4);
  return fmt::format("{}-{:02}-{:02}", year, random() % 14, 1 + random() % 32);
}

std::string date_text(std::mt19937_64& random) {
  return near(date(random), "0123456789-/ TBC", random);
}

std::string timestamp_text(std::mt19937_64& random) {
  const auto sometimes = [&](auto value, auto edge) { return random() % 8 == 0 ? edge : value; };
  std::string text = date(random) + one_of(random, {"T", " "});
  text += fmt::format("{:02}:{:02}:{:02}", sometimes(random() % 24, 24UL),
                      sometimes(random() % 60, 60UL), sometimes(random() % 60, 60UL));
  if (random() % 2 == 0)
    text += "." + random_digits(random, sometimes(1 + random() % 6, 1 + random() % 9)) +
            std::string(sometimes(0UL, random() % 4), '0');
  if (random() % 3 == 0)
    text += one_of(random, {"Z", "z"});
  else
    text += fmt::format("{}{:02}", one_of(random, {"+", "-"}), random() % 17);
  if (!text.ends_with('Z') && !text.ends_with('z') && random() % 3 != 0)
    text += fmt::format("{}{:02}", one_of(random, {":", ""}), sometimes(random() % 60, 60UL));
  return near(text, "0123456789-+:.TZz ,", random);
}

std::string uuid_text(std::mt19937_64& random) {
  std::string uuid;
  for (int i = 0; i < 32; ++i) {
    uuid += "0123456789abcdefABCDEF"[random() % 22];
    if (i % 4 == 3 && i < 31 && random() % 2 == 0) uuid += '-';
  }
  if (random() % 4 == 0) uuid = "{" + uuid + "}";
  return near(uuid, "0123456789abcdefABCDEFg-{} ", random);
}

Convert to_numeric(std::optional<pg::Decimal> (*convert)(std::string_view, std::string&)) {
  return [=](std::string_view text, pg::RowSink& row) {
    std::string digits;
    if (const auto number = convert(text, digits)) row.numeric(*number);
  };
}

TEST_F(ConversionTest, BigintOfText) {
  hold({.type = ColumnType::bigint,
        .convert = converting<std::int64_t>(bigint_of_text, &pg::RowSink::bigint),
        .make_text = plain_text_number,
        .cast = "text::bigint",
        .given_back = "theirs::text = text"});
}

TEST_F(ConversionTest, IntegerOfText) {
  hold({.type = ColumnType::integer,
        .convert = converting<std::int32_t>(integer_of_text, &pg::RowSink::integer),
        .make_text = plain_text_number,
        .cast = "text::integer",
        .given_back = "theirs::text = text"});
}

TEST_F(ConversionTest, BigintOfNumber) {
  hold({.type = ColumnType::bigint,
        .convert = converting<std::int64_t>(bigint_of_number, &pg::RowSink::bigint),
        .make_text = dynamodb_number,
        .cast = "text::numeric::bigint",
        .given_back = "theirs = text::numeric"});
}

TEST_F(ConversionTest, IntegerOfNumber) {
  hold({.type = ColumnType::integer,
        .convert = converting<std::int32_t>(integer_of_number, &pg::RowSink::integer),
        .make_text = dynamodb_number,
        .cast = "text::numeric::integer",
        .given_back = "theirs = text::numeric"});
}

// A text of 0 may have any exponent, which numeric does not read.
constexpr std::string_view kDoubleGivenBack = "theirs = 0 OR theirs::text::numeric = text::numeric";

TEST_F(ConversionTest, DoubleOfText) {
  hold({.type = ColumnType::double_precision,
        .convert = converting<double>(double_of_text, &pg::RowSink::double_precision),
        .make_text = json_number,
        .cast = "text::double precision",
        .given_back = kDoubleGivenBack,
        .of_our_form = R"(text ~ '^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$')"});
}

TEST_F(ConversionTest, DoubleOfNumber) {
  hold({.type = ColumnType::double_precision,
        .convert = converting<double>(double_of_number, &pg::RowSink::double_precision),
        .make_text = dynamodb_number,
        .cast = "text::double precision",
        .given_back = kDoubleGivenBack});
}

TEST_F(ConversionTest, NumericOfText) {
  hold({.type = ColumnType::numeric,
        .convert = to_numeric(numeric_of_text),
        .make_text = plain_text_number,
        .cast = "text::numeric",
        .given_back = "theirs::text = text"});
}

TEST_F(ConversionTest, TimestamptzOfText) {
  hold({.type = ColumnType::timestamptz,
        .convert = converting<std::int64_t>(timestamptz_of_text, &pg::RowSink::timestamptz),
        .make_text = timestamp_text,
        .cast = "text::timestamptz",
        // PostgreSQL rounds to microseconds.
        .given_back = R"(coalesce(rtrim(substring(text FROM '\.(\d+)'), '0'), '') =
            rtrim(to_char(theirs, 'US'), '0'))",
        .of_our_form = R"(text ~ ('^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?'
            '([Zz]|[-+]\d\d(:?\d\d)?)$'))"});
}

TEST_F(ConversionTest, DateOfText) {
  hold({.type = ColumnType::date,
        .convert = converting<std::int32_t>(date_of_text, &pg::RowSink::date),
        .make_text = date_text,
        .cast = "text::date",
        .given_back = "to_char(theirs, 'YYYY-MM-DD') = text",
        .of_our_form = R"(text ~ '^\d{4}-\d\d-\d\d$')"});
}

TEST_F(ConversionTest, UuidOfText) {
  hold({.type = ColumnType::uuid,
        .convert = converting<std::array<unsigned char, 16>>(uuid_of_text, &pg::RowSink::uuid),
        .make_text = uuid_text,
        .cast = "text::uuid"});
}

// PostgreSQL has no cast: a number of microseconds fits if it is whole and within the range.
class TimestamptzOfNumberTest : public ConversionTest,
                                public testing::WithParamInterface<TimeUnit> {};

std::string time_number(std::mt19937_64& random) {
  for (;;) {
    std::string number =
        one_of(random, {"-210866803200", "-210866803200000000", "-210866803200000001", "1768478400",
                        "9223372036854775807", "9223372036854775808", "9223372036854.775807"});
    number = random() % 2 == 0 ? near(number, "0123456789.", random) : dynamodb_number(random);
    if (parse_dynamodb_number(number)) return number;
  }
}

TEST_P(TimestamptzOfNumberTest, IsAWholeNumberOfMicroseconds) {
  const int factor = GetParam() == TimeUnit::s ? 1'000'000 : GetParam() == TimeUnit::ms ? 1'000 : 1;
  const std::string cast = fmt::format(
      "CASE WHEN text::numeric * {0} = trunc(text::numeric * {0}) "
      "AND text::numeric * {0} >= -210866803200000000 THEN (text::numeric * {0})::bigint END",
      factor);
  hold({.type = ColumnType::bigint,
        .convert = converting<std::int64_t>(
            [](std::string_view number) { return timestamptz_of_number(number, GetParam()); },
            &pg::RowSink::bigint),
        .make_text = time_number,
        .cast = cast});
}

INSTANTIATE_TEST_SUITE_P(Units, TimestamptzOfNumberTest,
                         testing::Values(TimeUnit::s, TimeUnit::ms, TimeUnit::us));

TEST_F(ConversionTest, NumericOfNumberAlwaysFits) {
  std::mt19937_64 random{seed()};
  pg::ArrayRows rows{{pg::ElementType::text, pg::ElementType::numeric}};
  std::string digits;
  for (int i = 0; i < kTexts; ++i) {
    const std::string number = dynamodb_number(random);
    rows.begin_row();
    rows.text(number);
    rows.numeric(numeric_of_number(number, digits).value());
  }
  pg::Params params;
  rows.add_to(params);

  const pg::Result differing = connect().run(
      "SELECT text FROM unnest($1::text[], $2::numeric[]) AS c(text, ours) "
      "WHERE ours IS DISTINCT FROM text::numeric LIMIT 5",
      std::move(params));

  EXPECT_EQ(differing.rows(), 0) << "DYNAMITE_TEST_SEED=" << seed() << ": " << differing.at(0, 0);
}

}  // namespace
}  // namespace dynamite
