#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dynamite {

/// A value of a type that no key has; holds the type's name.
struct OtherValue {
  std::string type;
};

/// Text of the environment or the command line: it stands for a value of any type.
struct PlainText {
  std::string text;
};

struct Setting;

/// Keys of its own: `{ from = "sk" }`, or a section.
struct TableValue {
  std::vector<Setting> settings;
};

/// Several of them: `[[table.target]]`.
struct TablesValue {
  std::vector<TableValue> tables;
};

using SettingValue = std::variant<PlainText, std::string, std::int64_t, double, bool,
                                  std::vector<std::string>, TableValue, TablesValue, OtherValue>;

/// One `key = value`, and where it stands: "dynamite.toml:3", "DYNAMITE_REGION", "--set".
struct Setting {
  std::string where;
  std::string key;
  SettingValue value;
};

/// The value as what a key needs, if it is that.
std::optional<std::string> as_text(const SettingValue& value);
std::optional<std::uint64_t> as_whole_number(const SettingValue& value);
std::optional<double> as_number(const SettingValue& value);
/// From plain text: "true" or "false".
std::optional<bool> as_truth(const SettingValue& value);
/// From plain text: separated by commas.
std::optional<std::vector<std::string>> as_list(const SettingValue& value);

/// "500ms", "1s", "2m", "1h", "3d".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// All of `text` as a decimal number.
std::optional<std::uint64_t> parse_whole_number(std::string_view text) noexcept;

/// For messages: strings in quotes, cut where long, and of an URL the scheme only.
std::string printable(const SettingValue& value);

/// The one of `names` with the smallest edit distance, if the two have anything to do with each
/// other.
std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> names);

}  // namespace dynamite
