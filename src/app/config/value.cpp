#include "app/config/value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace dynamite {
namespace {

template <class T>
std::optional<T> parse_all(std::string_view text) noexcept {
  T number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<double> parse_finite(std::string_view text) noexcept {
  const auto number = parse_all<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string printable_text(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  // A URL in the wrong place may hold a password.
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos && text.find('@') != std::string_view::npos)
    return "a URL (not shown)";
  std::string shown{"\""};
  for (const char c : text.substr(0, kShownMax))
    shown += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  return shown + (text.size() > kShownMax ? "…\"" : "\"");
}

}  // namespace

std::optional<std::string> as_text(const SettingValue& value) {
  if (const auto* plain = std::get_if<PlainText>(&value)) return plain->text;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::nullopt;
}

std::optional<std::uint64_t> as_whole_number(const SettingValue& value) {
  if (const auto* plain = std::get_if<PlainText>(&value)) return parse_whole_number(plain->text);
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<bool> as_truth(const SettingValue& value) {
  if (const auto* plain = std::get_if<PlainText>(&value)) {
    if (plain->text != "true" && plain->text != "false") return std::nullopt;
    return plain->text == "true";
  }
  const auto* truth = std::get_if<bool>(&value);
  return truth == nullptr ? std::nullopt : std::optional{*truth};
}

std::optional<double> as_number(const SettingValue& value) {
  if (const auto* plain = std::get_if<PlainText>(&value)) return parse_finite(plain->text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr || !std::isfinite(*number)) return std::nullopt;
  return *number;
}

std::optional<std::vector<std::string>> as_list(const SettingValue& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  const auto* plain = std::get_if<PlainText>(&value);
  if (plain == nullptr) return std::nullopt;
  std::vector<std::string> list;
  std::string_view rest{plain->text};
  while (true) {
    const auto comma = rest.find(',');
    list.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return list;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_whole_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  const auto unit = text.substr(digits);
  const std::uint64_t factor = unit == "ms"  ? 1
                               : unit == "s" ? 1'000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                               : unit == "d" ? 86'400'000
                                             : 0;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (factor == 0 || *number > kMax / factor) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*number * factor)};
}

std::optional<std::uint64_t> parse_whole_number(std::string_view text) noexcept {
  return parse_all<std::uint64_t>(text);
}

std::string printable(const SettingValue& value) {
  struct Printer {
    std::string operator()(const PlainText& plain) const { return printable_text(plain.text); }
    std::string operator()(const std::string& text) const { return printable_text(text); }
    std::string operator()(std::int64_t number) const { return fmt::to_string(number); }
    std::string operator()(double number) const { return fmt::to_string(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::vector<std::string>& list) const {
      std::vector<std::string> shown;
      for (const auto& text : list) shown.push_back(printable_text(text));
      return fmt::format("[{}]", fmt::join(shown, ", "));
    }
    std::string operator()(const TableValue& /*value*/) const { return "a table"; }
    std::string operator()(const TablesValue& /*value*/) const { return "a list of tables"; }
    std::string operator()(const OtherValue& other) const { return other.type; }
  };
  return std::visit(Printer{}, value);
}

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> names) {
  std::optional<std::string_view> best;
  std::size_t best_distance = name.size() / 2 + 1;
  for (const auto candidate : names) {
    const auto distance = candidate.starts_with(name) ? 1 : edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace dynamite
