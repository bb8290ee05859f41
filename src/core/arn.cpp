#include "core/arn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kNameLengthMax = 255;
constexpr std::size_t kShownLengthMax = 300;  // of a wrong ARN in an error

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kNameLengthMax &&
         std::ranges::all_of(name, is_name_character);
}

/// What follows `arn:PARTITION:dynamodb:REGION:ACCOUNT:table/`.
std::optional<std::string_view> table_path(std::string_view arn) noexcept {
  constexpr std::size_t kFields = 5;  // before the resource, which may hold colons itself
  for (std::size_t field = 0; field < kFields; ++field) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view text = arn.substr(0, colon);
    if (text.empty() || (field == 0 && text != "arn") || (field == 2 && text != "dynamodb"))
      return std::nullopt;
    arn.remove_prefix(colon + 1);
  }
  constexpr std::string_view kTable = "table/";
  if (!arn.starts_with(kTable)) return std::nullopt;
  return arn.substr(kTable.size());
}

/// The decimal number that is all of `digits`, which are few.
std::optional<int> number(std::string_view digits) noexcept {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// The milliseconds of ".123". Further digits are cut off; no digits count as ".000".
std::optional<int> milliseconds(std::string_view fraction) {
  constexpr std::size_t kLengthMax = 10;  // nanoseconds
  if (fraction.empty()) return 0;
  if (fraction.front() != '.' || fraction.size() < 2 || fraction.size() > kLengthMax)
    return std::nullopt;
  std::string digits{fraction.substr(1)};
  if (!number(digits)) return std::nullopt;
  digits.resize(3, '0');
  return number(digits);
}

/// YYYY-MM-DDTHH:MM:SS.fff as milliseconds since 1970.
std::optional<std::uint64_t> parse_label(std::string_view label) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (label.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] != '0' && label[i] != kShape[i]) return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t size) {
    return number(label.substr(at, size));
  };
  const auto year = field(0, 4), month = field(5, 2), day = field(8, 2);
  const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  const auto fraction = milliseconds(label.substr(kShape.size()));
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{*year},
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto time = sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} +
                    std::chrono::milliseconds{*fraction};
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

StreamArn parse_stream_arn(std::string_view arn) {
  constexpr std::string_view kStream = "/stream/";
  const std::string_view path = table_path(arn).value_or("");
  const std::string_view name = path.substr(0, path.find('/'));
  const std::string_view rest = path.substr(name.size());
  const bool is_stream = is_name(name) && rest.starts_with(kStream);
  const std::string_view label = is_stream ? rest.substr(kStream.size()) : "";
  const auto generation = parse_label(label);
  if (!generation)
    throw Error{
        Error::Kind::poison,
        fmt::format("\"{}\" is not the ARN of a DynamoDB stream, arn:PARTITION:dynamodb:REGION:"
                    "ACCOUNT:table/NAME/stream/LABEL with a time as label",
                    arn.substr(0, kShownLengthMax))};
  return {.table_arn = std::string{arn.substr(0, arn.size() - rest.size())},
          .table_name = std::string{name},
          .label = std::string{label},
          .generation = *generation};
}

std::string table_name_of(std::string_view table_arn) {
  const std::string_view name = table_path(table_arn).value_or("");
  if (!is_name(name))
    throw Error{
        Error::Kind::usage,
        fmt::format("\"{}\" is not the ARN of a DynamoDB table, arn:PARTITION:dynamodb:REGION:"
                    "ACCOUNT:table/NAME",
                    table_arn.substr(0, kShownLengthMax))};
  return std::string{name};
}

}  // namespace dynamite
