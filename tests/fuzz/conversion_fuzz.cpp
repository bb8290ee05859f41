#include <charconv>
#include <chrono>
#include <string>

#include "core/number.hpp"
#include "fuzz/fuzz.hpp"
#include "layout/conversion.hpp"
#include "pg/bytea.hpp"

namespace dynamite::fuzz {
namespace {

/// A decimal without an exponent above 0, in full.
std::string plain(const pg::Decimal& decimal) {
  std::string text{decimal.digits};
  if (decimal.exponent < 0)
    text.insert(text.size() - static_cast<std::size_t>(-decimal.exponent), ".");
  return (decimal.negative ? "-" : "") + text;
}

std::string text_of_day(std::int32_t days) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{days}}};
  const auto padded = [](int number, std::size_t digits) {
    const std::string text = std::to_string(number);
    return std::string(digits - text.size(), '0') + text;
  };
  return padded(static_cast<int>(day.year()), 4) + "-" +
         padded(static_cast<int>(static_cast<unsigned>(day.month())), 2) + "-" +
         padded(static_cast<int>(static_cast<unsigned>(day.day())), 2);
}

void as_number(std::string_view input) {
  const bool is_number = parse_dynamodb_number(input).has_value();
  std::string digits;
  require(numeric_of_number(input, digits).has_value() == is_number, "every number is a numeric");
  require(is_number || !bigint_of_number(input), "only a number is a bigint");
  require(is_number || !double_of_number(input), "only a number is a double");
  if (const auto integer = integer_of_number(input))
    require(bigint_of_number(input) == *integer, "an integer is a bigint");
  if (const auto micros = timestamptz_of_number(input, TimeUnit::us))
    require(bigint_of_number(input) == *micros, "microseconds are a bigint");
  require(!timestamptz_of_number(input, TimeUnit::none), "a time has a unit");
}

void as_text(std::string_view input) {
  std::string digits;
  if (const auto integer = bigint_of_text(input))
    require(std::to_string(*integer) == input, "a bigint gives its text back");
  if (const auto numeric = numeric_of_text(input, digits))
    require(plain(*numeric) == input, "a numeric gives its text back");
  if (const auto number = double_of_text(input)) {
    double nearest = 0;
    std::from_chars(input.data(), input.data() + input.size(), nearest);
    require(*number == nearest, "a double is the nearest one");
  }
  if (const auto day = date_of_text(input))
    require(text_of_day(*day) == input, "a date gives its text back");
  if (const auto uuid = uuid_of_text(input)) {
    std::string hex;
    pg::append_hex(hex, {reinterpret_cast<const char*>(uuid->data()), uuid->size()});
    require(uuid_of_text(hex) == uuid, "a uuid is read from its digits");
  }
  if (const auto micros = timestamptz_of_text(input))
    require(date_of_text(input.substr(0, 10)).has_value() && *micros > -63'000'000'000'000'000,
            "a time is on a day");
}

}  // namespace

/// The text of a number or of a string, for a column of another type.
void run(std::string_view input) {
  as_number(input);
  as_text(input);
}

}  // namespace dynamite::fuzz
