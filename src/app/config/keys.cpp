#include "app/config/keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace dynamite {
namespace {

constexpr std::size_t kIdentifierBytesMax = 63;  // PostgreSQL's NAMEDATALEN - 1
constexpr std::string_view kIdentifierAllowed = "1 to 63 bytes without control characters";

template <std::uint64_t min, std::uint64_t max, class T>
bool read_whole(const Value& value, T& into) {
  const auto number = as_whole_number(value);
  if (!number || *number < min || *number > max) return false;
  into = static_cast<T>(*number);
  return true;
}

bool read_identifier(const Value& value, std::string& into) {
  const auto text = as_text(value);
  if (!text || !is_identifier(*text)) return false;
  into = *text;
  return true;
}

bool read_region(const Value& value, Config& config) {
  const auto text = as_text(value);
  if (!text || !is_region(*text)) return false;
  config.region = *text;
  return true;
}

bool read_auth(const Value& value, Config& config) {
  const auto text = as_text(value);
  if (text != "password" && text != "rds-iam") return false;
  config.auth = *text == "rds-iam" ? Auth::rds_iam : Auth::password;
  return true;
}

bool read_text(const Value& value, std::string& into) {
  const auto text = as_text(value);
  if (!text || text->empty()) return false;
  into = *text;
  return true;
}

bool read_on_poison(const Value& value, Config& config) {
  const auto text = as_text(value);
  if (text != "quarantine" && text != "stop") return false;
  config.on_poison = *text == "stop" ? OnPoison::stop : OnPoison::quarantine;
  return true;
}

bool read_on_gap(const Value& value, Config& config) {
  const auto text = as_text(value);
  if (text != "resnapshot" && text != "stop") return false;
  config.on_gap = *text == "stop" ? OnGap::stop : OnGap::resnapshot;
  return true;
}

bool read_report_batch_item_failures(const Value& value, Config& config) {
  const auto truth = as_truth(value);
  if (truth) config.report_batch_item_failures = *truth;
  return truth.has_value();
}

bool read_create_tables(const Value& value, Config& config) {
  const auto text = as_text(value);
  if (text != "auto" && text != "never") return false;
  config.create_tables = *text == "never" ? CreateTables::never : CreateTables::automatic;
  return true;
}

bool read_grant_select(const Value& value, Config& config) {
  const auto roles = as_list(value);
  if (!roles || !std::all_of(roles->begin(), roles->end(), is_identifier)) return false;
  config.grant_select = *roles;
  if (std::ranges::find(*roles, "public") != roles->end())
    config.remarks.emplace_back(
        "grant_select names \"public\", which is every role: whoever can connect to the database "
        "may read the replicas and the status");
  return true;
}

bool read_max_read_units(const Value& value, Config& config) {
  const auto units = as_number(value);
  if (!units || *units < 1) return false;
  config.max_read_units = *units;
  return true;
}

bool read_idle_poll_max(const Value& value, Config& config) {
  using namespace std::chrono_literals;
  const auto text = as_text(value);
  const auto time = text ? parse_duration(*text) : std::nullopt;
  // A stream keeps records for a day; a replica that looks less often than this is better off with
  // snapshots.
  if (!time || *time < 10ms || *time > 1h) return false;
  config.idle_poll_max = *time;
  return true;
}

constexpr std::array kKeys{
    ConfigKey{"auth", "\"password\" or \"rds-iam\"", read_auth},
    ConfigKey{"secret", "a secret's ARN or name",
              [](const Value& value, Config& config) { return read_text(value, config.secret); }},
    ConfigKey{"ca_file", "a file of certificates in PEM form",
              [](const Value& value, Config& config) { return read_text(value, config.ca_file); }},
    ConfigKey{"region", "a region's name such as \"us-west-2\"", read_region},
    ConfigKey{
        "schema", kIdentifierAllowed,
        [](const Value& value, Config& config) { return read_identifier(value, config.schema); }},
    ConfigKey{"state_schema", kIdentifierAllowed,
              [](const Value& value, Config& config) {
                return read_identifier(value, config.state_schema);
              }},
    ConfigKey{"on_poison", "\"quarantine\" or \"stop\"", read_on_poison},
    ConfigKey{"on_gap", "\"resnapshot\" or \"stop\"", read_on_gap},
    ConfigKey{"report_batch_item_failures", "true or false", read_report_batch_item_failures},
    ConfigKey{"max_dead_letters", "a whole number from 0 to 1000000000",
              [](const Value& value, Config& config) {
                return read_whole<0, 1'000'000'000>(value, config.max_dead_letters);
              }},
    ConfigKey{"create_tables", "\"auto\" or \"never\"", read_create_tables},
    ConfigKey{"grant_select", "a list of role names", read_grant_select},
    ConfigKey{"max_read_units", "a number of at least 1", read_max_read_units},
    ConfigKey{"segments", "a whole number from 1 to 1000",
              [](const Value& value, Config& config) {
                std::uint32_t segments = 0;
                if (!read_whole<1, 1'000>(value, segments)) return false;
                config.segments = segments;
                return true;
              }},
    ConfigKey{"idle_poll_max", "a time from \"10ms\" to \"1h\"", read_idle_poll_max},
    ConfigKey{"connections", "a whole number from 1 to 64",
              [](const Value& value, Config& config) {
                return read_whole<1, 64>(value, config.connections);
              }},
    ConfigKey{"max_bytes_in_flight", "a whole number from 1048576 to 17179869184",
              [](const Value& value, Config& config) {
                return read_whole<1 << 20, std::int64_t{16} << 30>(value,
                                                                   config.max_bytes_in_flight);
              }},
};

constexpr std::array<std::string_view, 3> kTableKeys{"name", "into", "layout"};

bool consists_of(std::string_view text, std::string_view others) noexcept {
  return std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

constexpr std::size_t kTableNameMin = 3;  // DynamoDB's limits
constexpr std::size_t kTableNameMax = 255;

}  // namespace

std::span<const ConfigKey> config_keys() noexcept { return kKeys; }

std::span<const std::string_view> top_level_keys() {
  static const auto names = [] {
    std::vector<std::string_view> all{"url", "table"};
    for (const auto& key : kKeys) all.push_back(key.name);
    return all;
  }();
  return names;
}

std::span<const std::string_view> table_keys() noexcept { return kTableKeys; }

std::string environment_name(std::string_view key) {
  std::string name{"DYNAMITE_"};
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

bool is_region(std::string_view text) noexcept { return !text.empty() && consists_of(text, "-"); }

bool is_identifier(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kIdentifierBytesMax &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool is_table_name(std::string_view text) noexcept {
  return text.size() >= kTableNameMin && text.size() <= kTableNameMax && consists_of(text, "_.-");
}

bool is_table_glob(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kTableNameMax && consists_of(text, "_.-*?");
}

}  // namespace dynamite
