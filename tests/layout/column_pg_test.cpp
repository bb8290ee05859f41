#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <bit>
#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "json/writer.hpp"
#include "layout/column.hpp"
#include "layout/conversion.hpp"
#include "pg/array_rows.hpp"
#include "pg/bytea.hpp"
#include "pg/copy_rows.hpp"
#include "pg/pipeline.hpp"
#include "support/postgres.hpp"

namespace dynamite {
namespace {

using enum ColumnType;

constexpr int kValues = 1'000;                                      // of each type
constexpr std::int32_t kFirstDay = -719'162, kLastDay = 2'932'896;  // 0001-01-01, 9999-12-31

/// A value of a column: how it is sent, and text that SQL makes the same value of; see sql_of.
struct Value {
  std::function<void(pg::RowSink&)> send;
  std::optional<std::string> text;
};

/// Makes SQL of the type out of the text `expected` of a Value.
std::string sql_of(ColumnType type) {
  const auto array_of = [](std::string_view element) {
    return fmt::format(
        "ARRAY(SELECT {} FROM jsonb_array_elements_text(expected::jsonb) WITH ORDINALITY "
        "AS a(e, n) WHERE expected IS NOT NULL ORDER BY n)",
        element);
  };
  const auto or_null = [](const std::string& array) {
    return fmt::format("CASE WHEN expected IS NOT NULL THEN {} END", array);
  };
  switch (type) {
    case text_array:
      return or_null(array_of("e"));
    case numeric_array:
      return or_null(array_of("e::numeric"));
    case bytea_array:
      return or_null(array_of("decode(e, 'hex')"));
    case bytea:
      return "decode(expected, 'hex')";
    default:
      return fmt::format("expected::{}", type_name(type));
  }
}

class Values {
 public:
  explicit Values(std::uint64_t seed) : random_{seed} {}

  Value next(ColumnType type) {
    if (random_() % 20 == 0) return {.send = [](pg::RowSink& row) { row.null(); }, .text = {}};
    switch (type) {
      case text:
        return of(random_text(), &pg::RowSink::text);
      case numeric:
        return next_numeric();
      case bytea:
        return next_bytea();
      case jsonb:
        return next_json();
      case timestamptz:
        return next_timestamptz();
      case integer:
        return of_number(static_cast<std::int32_t>(bits()), &pg::RowSink::integer);
      case boolean:
        return next_boolean();
      case bigint:
        return of_number(static_cast<std::int64_t>(bits()), &pg::RowSink::bigint);
      case double_precision:
        return next_double();
      case date:
        return next_date();
      case uuid:
        return next_uuid();
      case text_array:
        return next_text_array();
      case numeric_array:
        return next_numeric_array();
      case bytea_array:
        return next_bytea_array();
    }
    return {};
  }

 private:
  /// Digits of a number, which outlive its Decimal.
  struct Number {
    std::string digits;
    std::int64_t exponent;
    bool negative;

    pg::Decimal decimal() const { return {digits, exponent, negative}; }
    std::string text() const {
      return fmt::format("{}{}e{}", negative ? "-" : "", digits.empty() ? "0" : digits, exponent);
    }
  };

  /// Any number of bits.
  std::uint64_t bits() { return random_() >> random_() % 64; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>{low, high}(random_);
  }

  static Value of(std::string text, void (pg::RowSink::*send)(std::string_view)) {
    return {.send = [=](pg::RowSink& row) { (row.*send)(text); }, .text = text};
  }
  template <class Number>
  static Value of_number(Number number, void (pg::RowSink::*send)(Number)) {
    return {.send = [=](pg::RowSink& row) { (row.*send)(number); }, .text = std::to_string(number)};
  }

  std::string random_text() {
    constexpr std::array<std::string_view, 14> kPieces{
        "\"", "\\",   "'", "{",          "}",          ",",  " ",
        "\n", "NULL", "a", "zw\u00f6lf", "\U0001F600", "\t", "\\x"};
    std::string text;
    for (std::uint64_t left = random_() % 6; left > 0; --left)
      text += kPieces.at(random_() % kPieces.size());
    return text;
  }

  std::string random_bytes() {
    std::string bytes;
    for (std::uint64_t left = random_() % 20; left > 0; --left)
      bytes += static_cast<char>(random_());
    return bytes;
  }

  static std::string hex(std::string_view bytes) {
    std::string text;
    pg::append_hex(text, bytes);
    return text;
  }

  /// Up to 38 digits, outer zeros among them, of which the first counts 10^-130 to 10^125.
  Number random_number() {
    Number number{.digits = {}, .exponent = 0, .negative = random_() % 2 == 0};
    if (random_() % 20 == 0) return {};
    for (auto left = between(1, 38); left > 0; --left)
      number.digits += static_cast<char>('0' + (random_() % 3 == 0 ? 0 : random_() % 10));
    number.exponent = between(-130, 125) - std::ssize(number.digits) + 1;
    return number;
  }

  Value next_numeric() {
    const Number number = random_number();
    return {.send = [=](pg::RowSink& row) { row.numeric(number.decimal()); },
            .text = number.text()};
  }

  Value next_bytea() {
    const std::string bytes = random_bytes();
    return {.send = [=](pg::RowSink& row) { row.bytea(bytes); }, .text = hex(bytes)};
  }

  Value next_json() {
    const std::string json = JsonObject{}.text("a", random_text()).finish();
    return {.send = [=](pg::RowSink& row) { row.json(json); }, .text = json};
  }

  Value next_boolean() {
    const bool value = random_() % 2 == 0;
    return {.send = [=](pg::RowSink& row) { row.boolean(value); },
            .text = value ? "true" : "false"};
  }

  Value next_double() {
    const double number = std::bit_cast<double>(random_());
    if (number - number != 0) return next_double();  // infinite, or no number
    return {.send = [=](pg::RowSink& row) { row.double_precision(number); },
            .text = fmt::format("{}", number)};
  }

  static std::string text_of_day(std::int32_t days) {
    const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{days}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  }

  std::int32_t random_day() {
    const std::array edges{kFirstDay, kLastDay, -1, 0, 10'956, 10'957};
    if (random_() % 5 == 0) return edges.at(random_() % edges.size());
    return static_cast<std::int32_t>(between(kFirstDay, kLastDay));
  }

  Value next_date() {
    const std::int32_t days = random_day();
    return {.send = [=](pg::RowSink& row) { row.date(days); }, .text = text_of_day(days)};
  }

  Value next_timestamptz() {
    constexpr std::int64_t kDay = 86'400'000'000;
    const std::int32_t days = random_day();
    const std::int64_t micros = random_() % 3 == 0 ? kDay - 1 : between(0, kDay - 1);
    const std::int64_t seconds = micros / 1'000'000;
    return {.send = [=](pg::RowSink& row) { row.timestamptz(days * kDay + micros); },
            .text = fmt::format("{} {:02}:{:02}:{:02}.{:06}+00", text_of_day(days), seconds / 3'600,
                                seconds / 60 % 60, seconds % 60, micros % 1'000'000)};
  }

  Value next_uuid() {
    std::array<unsigned char, 16> bytes{};
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random_());
    return {.send = [=](pg::RowSink& row) { row.uuid(bytes); },
            .text = hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()})};
  }

  Value next_text_array() {
    std::vector<std::string> texts(random_() % 4);
    JsonArray json;
    for (std::string& text : texts) json.text(text = random_text());
    return {.send =
                [=](pg::RowSink& row) {
                  row.text_array(std::vector<std::string_view>(texts.begin(), texts.end()));
                },
            .text = json.finish()};
  }

  Value next_bytea_array() {
    std::vector<std::string> values(random_() % 4);
    JsonArray json;
    for (std::string& value : values) json.text(hex(value = random_bytes()));
    return {.send =
                [=](pg::RowSink& row) {
                  row.bytea_array(std::vector<std::string_view>(values.begin(), values.end()));
                },
            .text = json.finish()};
  }

  Value next_numeric_array() {
    std::vector<Number> numbers(random_() % 4);
    JsonArray json;
    for (Number& number : numbers) {
      number = random_number();
      json.text(number.text());
    }
    return {.send =
                [=](pg::RowSink& row) {
                  std::vector<pg::Decimal> decimals;
                  for (const Number& number : numbers) decimals.push_back(number.decimal());
                  row.numeric_array(decimals);
                },
            .text = json.finish()};
  }

  std::mt19937_64 random_;
};

class ColumnTypeTest : public test::PostgresTest, public testing::WithParamInterface<ColumnType> {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    connect().run(
        fmt::format("CREATE TABLE t (value {}, expected text)", type_definition(GetParam())));
  }

  static void send(const Value& value, pg::RowSink& row) {
    value.send(row);
    value.text ? row.text(*value.text) : row.null();
  }

  void insert(std::span<const Value> values) {
    const TravelForm& form = travel_form(GetParam());
    pg::ArrayRows rows{{form.element, pg::ElementType::text}};
    for (const Value& value : values) {
      rows.begin_row();
      send(value, rows);
    }
    pg::Params params;
    rows.add_to(params);
    connect().run(fmt::format("INSERT INTO t SELECT a.value{}, a.expected "
                              "FROM unnest($1::{}[], $2::text[]) AS a(value, expected)",
                              form.cast, form.array_of),
                  std::move(params));
  }

  void copy(std::span<const Value> values) {
    pg::CopyRows rows;
    for (const Value& value : values) {
      rows.begin_row(2);
      send(value, rows);
    }
    rows.finish();
    pg::Connection connection = connect();
    pg::Pipeline pipeline{connection, {}};
    pipeline.copy("COPY t FROM STDIN (FORMAT binary)", rows.data());
    pipeline.commit();
  }

  /// The first values that are not what their text says. The text of numbers shows their scale too.
  std::string differences() {
    return query(
        fmt::format("SELECT value::text, expected FROM t WHERE value IS DISTINCT FROM {0} "
                    "OR value::text IS DISTINCT FROM ({0})::text LIMIT 3",
                    sql_of(GetParam())));
  }
};

TEST_P(ColumnTypeTest, ValuesArriveByUnnestAndByCopy) {
  std::vector<Value> values;
  for (Values random{1}; values.size() < kValues;) values.push_back(random.next(GetParam()));

  insert(values);
  copy(values);

  EXPECT_EQ(query("SELECT count(*) FROM t"), std::to_string(2 * kValues));
  EXPECT_EQ(differences(), "");
}

TEST_P(ColumnTypeTest, ThePlaceholderIsAValue) {
  connect().run(
      fmt::format("INSERT INTO t (value) SELECT {}", travel_form(GetParam()).placeholder));

  EXPECT_EQ(query("SELECT value IS NOT NULL FROM t"), "t");
}

TEST_P(ColumnTypeTest, TheCatalogueShowsTheTypeWithItsCollation) {
  EXPECT_EQ(query("SELECT format_type(a.atttypid, a.atttypmod) || "
                  "CASE c.collname WHEN 'C' THEN ' COLLATE \"C\"' ELSE '' END "
                  "FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation "
                  "WHERE a.attrelid = 't'::regclass AND a.attname = 'value'"),
            type_in_catalogue(GetParam()));
}

std::string test_name(const testing::TestParamInfo<ColumnType>& info) {
  std::string name{type_name(info.param)};
  for (char& c : name)
    if (c == ' ' || c == '[' || c == ']') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Types, ColumnTypeTest,
                         testing::Values(text, numeric, bytea, jsonb, timestamptz, integer, boolean,
                                         bigint, double_precision, date, uuid, text_array,
                                         numeric_array, bytea_array),
                         test_name);

using TimestamptzTest = test::PostgresTest;

TEST_F(TimestamptzTest, TheFirstAndTheLastTimeThatFitAreTimesOfPostgresql) {
  const auto sent = [&](std::int64_t micros) {
    pg::ArrayRows rows{{pg::ElementType::timestamptz}};
    rows.begin_row();
    rows.timestamptz(micros);
    pg::Params params;
    rows.add_to(params);
    constexpr std::string_view kSql = "SELECT ($1::timestamptz[])[1] AT TIME ZONE 'UTC'";
    return std::string{connect().run(kSql, std::move(params)).at(0, 0)};
  };
  const auto first = timestamptz_of_number("-210866803200000000", TimeUnit::us);
  const auto last = timestamptz_of_number("9223372036854775807", TimeUnit::us);

  EXPECT_EQ(sent(first.value()), "4714-11-24 00:00:00 BC");
  EXPECT_EQ(sent(last.value()), "294247-01-10 04:00:54.775807");
  EXPECT_THROW(sent(*first - 1), Error);
}

}  // namespace
}  // namespace dynamite
