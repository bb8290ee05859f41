#include "app/config/keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/config/key_kinds.hpp"
#include "app/config/names.hpp"
#include "mapping/names.hpp"
#include "mapping/path_pattern.hpp"

namespace dynamite {
namespace {

using namespace keys;

bool read_grant_select(const SettingValue& value, Config& config) {
  const auto roles = as_list(value);
  if (!roles || !std::ranges::all_of(*roles, is_identifier)) return false;
  config.grant_select = *roles;
  if (std::ranges::find(*roles, "public") != roles->end())
    config.remarks.emplace_back(
        "grant_select names \"public\", which is every role: whoever can connect to the database "
        "may read the replicas and the status");
  return true;
}

bool read_hash_key(const SettingValue& value, Config& config) {
  const std::optional<std::string> text = as_text(value);
  if (!text || text->size() < HashKey::kBytesMin) return false;
  config.hash_key = std::make_shared<const HashKey>(*text);
  return true;
}

std::vector<Key<Config>> make_config_keys() {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  constexpr auto kReplication = &Config::replication;
  using Replication = ReplicationOptions;
  return {
      choice("auth", at(&Config::auth), {{"password", Auth::password}, {"rds-iam", Auth::rds_iam}}),
      text("secret", at(&Config::secret), "a secret's ARN or name", is_not_empty),
      {"hash_key",
       fmt::format("a text of at least {} bytes, as `openssl rand -hex 32` makes it",
                   HashKey::kBytesMin),
       read_hash_key, true},
      text("hash_key_secret", at(&Config::hash_key_secret), "a secret's ARN or name", is_not_empty),
      text("ca_file", at(&Config::ca_file), "a file of certificates in PEM form", is_not_empty),
      text("region", at(&Config::region), "a region's name such as \"us-west-2\"", is_region),
      identifier("schema", at(&Config::schema)),
      identifier("state_schema", at(&Config::state_schema)),
      choice("on_poison", at(&Config::apply, &ApplyOptions::on_poison),
             {{"quarantine", OnPoison::quarantine}, {"stop", OnPoison::stop}}),
      choice("on_gap", at(kReplication, &Replication::on_gap),
             {{"resnapshot", OnGap::resnapshot}, {"stop", OnGap::stop}}),
      truth("report_batch_item_failures", at(&Config::report_batch_item_failures)),
      whole_number("max_dead_letters", at(&Config::apply, &ApplyOptions::dead_letters_max), 0,
                   1'000'000'000),
      choice("create_tables", at(&Config::create_tables),
             {{"auto", CreateTables::automatic}, {"never", CreateTables::never}}),
      {"grant_select", "a list of role names", read_grant_select},
      number_from("max_read_units", at(kReplication, &Replication::read_units), 1),
      whole_number("segments", at(kReplication, &Replication::segments), 1, 1'000),
      // A stream keeps records for a day; a replica that looks less often than once an hour is
      // better off with snapshots.
      duration("idle_poll_max", at(kReplication, &Replication::idle_poll_max), "10ms", "1h"),
      whole_number("connections", at(kReplication, &Replication::connections), 1, 64),
      whole_number("max_bytes_in_flight", at(kReplication, &Replication::bytes_in_flight_max),
                   kMebibyte, kMebibyte * 16 * 1024),
  };
}

bool read_name(const SettingValue& value, TableRule& rule) {
  rule.name = as_text(value).value_or("");
  return is_table_glob(rule.name);
}

bool read_into(const SettingValue& value, TargetRule& rule) {
  const auto text = as_text(value).value_or("");
  const auto dot = text.find('.');
  const auto table = dot == std::string::npos ? text : text.substr(dot + 1);
  const bool whole = is_identifier(table) && table.find('.') == std::string::npos &&
                     (dot == std::string::npos || is_identifier(text.substr(0, dot)));
  if (!whole) return false;
  if (dot != std::string::npos) rule.into_schema = text.substr(0, dot);
  rule.into_table = table;
  return true;
}

/// Patterns of paths into items; at least `count_min`.
std::optional<std::vector<std::string>> as_patterns(const SettingValue& value,
                                                    std::size_t count_min) {
  auto patterns = as_list(value);
  const auto is_pattern = [](const std::string& text) {
    return text.find('\0') == std::string::npos && PathPattern::parse(text).has_value();
  };
  if (!patterns || patterns->size() < count_min || !std::ranges::all_of(*patterns, is_pattern))
    return std::nullopt;
  return patterns;
}

Key<TargetRule> patterns(std::string_view name, std::vector<std::string> MappingRules::*member,
                         std::size_t count_min) {
  return {name,
          fmt::format("a list of {}patterns such as \"total\", \"address.*\", \"password*\", "
                      "\"items[*].price\"",
                      count_min > 0 ? "one or more " : ""),
          [=](const SettingValue& value, TargetRule& rule) {
            auto patterns = as_patterns(value, count_min);
            if (!patterns) return false;
            rule.mapping.*member = std::move(*patterns);
            return true;
          }};
}

constexpr std::string_view kForever = "forever";

/// Records may come again for two days: the history must know them for as long.
bool read_history_keep(const SettingValue& value, TargetRule& rule) {
  constexpr std::chrono::hours kMin{2 * 24}, kMax{36'500 * 24};
  const auto text = as_text(value);
  const auto time = text ? parse_duration(*text) : std::nullopt;
  const bool forever = text == kForever;
  if (!forever && (!time || *time < kMin || *time > kMax)) return false;
  rule.mapping.history_keep =
      forever ? std::chrono::seconds{0} : std::chrono::duration_cast<std::chrono::seconds>(*time);
  return true;
}

std::vector<Key<TargetRule>> make_target_keys() {
  constexpr auto kMapping = &TargetRule::mapping;
  using Rules = MappingRules;
  return {
      {"into", "\"table\" or \"schema.table\", each 1 to 63 bytes", read_into},
      choice("layout", at(kMapping, &Rules::layout),
             {{name_of(LayoutKind::document), LayoutKind::document},
              {name_of(LayoutKind::columns), LayoutKind::columns}}),
      patterns("only", &Rules::only, 1),
      patterns("omit", &Rules::omit, 0),
      patterns("hash", &Rules::hash, 0),
      choice("removed", at(kMapping, &Rules::keep_removed), {{"delete", false}, {"keep", true}}),
      choice("expired", at(kMapping, &Rules::keep_expired), {{"delete", false}, {"keep", true}}),
      truth("history", at(kMapping, &Rules::history)),
      {"history_keep", fmt::format("\"{}\" or a time from \"2d\" to \"36500d\"", kForever),
       read_history_keep},
      truth("new_columns", at(kMapping, &Rules::new_columns)),
      whole_number("max_columns", at(kMapping, &Rules::columns_max), 1, 1'000),
      choice("column_names", at(kMapping, &Rules::column_names),
             {{name_of(ColumnNames::as_attributes), ColumnNames::as_attributes},
              {name_of(ColumnNames::snake_case), ColumnNames::snake_case}})};
}

template <class Into>
std::vector<std::string_view> names_of(std::span<const Key<Into>> keys,
                                       std::vector<std::string_view> names = {}) {
  for (const Key<Into>& key : keys) names.push_back(key.name);
  return names;
}

}  // namespace

std::string wrong_value(const Setting& setting, std::string_view allowed, std::string_view within) {
  return fmt::format("{}: {}{} is {}, wanted {}", setting.where, within, setting.key,
                     printable(setting.value), allowed);
}

std::string wrong_secret(const Setting& setting, std::string_view allowed) {
  return fmt::format("{}: {} is not what it must be, wanted {}", setting.where, setting.key,
                     allowed);
}

std::string unknown_key(const Setting& setting, std::span<const std::string_view> known,
                        std::string_view within) {
  const auto similar = nearest(setting.key, known);
  return fmt::format("{}: unknown key {}, {}", setting.where,
                     printable(std::string{within} + setting.key),
                     similar ? fmt::format("did you mean \"{}\"?", *similar)
                             : fmt::format("wanted one of {}", fmt::join(known, ", ")));
}

std::span<const Key<Config>> config_keys() {
  static const std::vector<Key<Config>> keys = make_config_keys();
  return keys;
}

std::span<const Key<TableRule>> table_keys() {
  static const std::vector<Key<TableRule>> keys{
      {"name", "a table's name, or a pattern of names with * and ?", read_name}};
  return keys;
}

std::span<const Key<TargetRule>> target_keys() {
  static const std::vector<Key<TargetRule>> keys = make_target_keys();
  return keys;
}

std::span<const std::string_view> top_level_names() {
  static const auto names = names_of(config_keys(), {"url", "table"});
  return names;
}

std::span<const std::string_view> table_names() {
  static const auto names =
      names_of(target_keys(), names_of(table_keys(), {"target", "columns", "where"}));
  return names;
}

std::span<const std::string_view> target_names() {
  static const auto names = names_of(target_keys(), {"columns", "where"});
  return names;
}

std::string environment_name(std::string_view key) {
  std::string name{"DYNAMITE_"};
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace dynamite
