#include "app/config/keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/config/names.hpp"

namespace dynamite {
namespace {

/// Where a value goes: a member of Config, or of one of Config's members.
template <class T>
auto at(T Config::*member) {
  return [member](Config& config) -> T& { return config.*member; };
}
template <class Part, class T>
auto at(Part Config::*part, T Part::*member) {
  return [part, member](Config& config) -> T& { return config.*part.*member; };
}

template <class T>
T value_of(const T&);
template <class T>
T value_of(const std::optional<T>&);

/// The type of what a place holds, without the optional around it.
template <class Place>
using Held = decltype(value_of(std::declval<Place>()(std::declval<Config&>())));

template <class Place>
Key<Config> whole_number(std::string_view name, Place place, std::uint64_t min, std::uint64_t max) {
  return {name, fmt::format("a whole number from {} to {}", min, max),
          [=](const Value& value, Config& config) {
            const auto number = as_whole_number(value);
            if (!number || *number < min || *number > max) return false;
            place(config) = static_cast<Held<Place>>(*number);
            return true;
          }};
}

template <class Place>
Key<Config> number_from(std::string_view name, Place place, double min) {
  return {name, fmt::format("a number of at least {}", min),
          [=](const Value& value, Config& config) {
            const auto number = as_number(value);
            if (!number || *number < min) return false;
            place(config) = *number;
            return true;
          }};
}

template <class Place>
Key<Config> truth(std::string_view name, Place place) {
  return {name, "true or false", [=](const Value& value, Config& config) {
            const auto truth = as_truth(value);
            if (truth) place(config) = *truth;
            return truth.has_value();
          }};
}

template <class Place>
Key<Config> duration(std::string_view name, Place place, std::string_view min,
                     std::string_view max) {
  return {name, fmt::format("a time from \"{}\" to \"{}\"", min, max),
          [=, shortest = *parse_duration(min), longest = *parse_duration(max)](const Value& value,
                                                                               Config& config) {
            const auto text = as_text(value);
            const auto time = text ? parse_duration(*text) : std::nullopt;
            if (!time || *time < shortest || *time > longest) return false;
            place(config) = *time;
            return true;
          }};
}

/// Text that `is_allowed`.
template <class Place>
Key<Config> text(std::string_view name, Place place, std::string allowed,
                 bool (*is_allowed)(std::string_view)) {
  return {name, std::move(allowed), [=](const Value& value, Config& config) {
            auto text = as_text(value);
            if (!text || !is_allowed(*text)) return false;
            place(config) = std::move(*text);
            return true;
          }};
}

template <class Place>
Key<Config> identifier(std::string_view name, Place place) {
  return text(name, place, "1 to 63 bytes without control characters", is_identifier);
}

bool is_not_empty(std::string_view text) noexcept { return !text.empty(); }

/// One of several texts, each with what it stands for.
template <class Place>
Key<Config> choice(std::string_view name, Place place,
                   std::vector<std::pair<std::string_view, Held<Place>>> choices) {
  std::vector<std::string> names;
  for (const auto& [text, chosen] : choices) names.push_back(fmt::format("\"{}\"", text));
  return {
      name, fmt::format("{}", fmt::join(names, " or ")), [=](const Value& value, Config& config) {
        const auto text = as_text(value);
        const auto found =
            std::ranges::find_if(choices, [&](const auto& known) { return text == known.first; });
        if (found == choices.end()) return false;
        place(config) = found->second;
        return true;
      }};
}

bool read_grant_select(const Value& value, Config& config) {
  const auto roles = as_list(value);
  if (!roles || !std::ranges::all_of(*roles, is_identifier)) return false;
  config.grant_select = *roles;
  if (std::ranges::find(*roles, "public") != roles->end())
    config.remarks.emplace_back(
        "grant_select names \"public\", which is every role: whoever can connect to the database "
        "may read the replicas and the status");
  return true;
}

std::vector<Key<Config>> make_config_keys() {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  constexpr auto kReplication = &Config::replication;
  using Replication = ReplicationOptions;
  return {
      choice("auth", at(&Config::auth), {{"password", Auth::password}, {"rds-iam", Auth::rds_iam}}),
      text("secret", at(&Config::secret), "a secret's ARN or name", is_not_empty),
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
                   kMebibyte, 16 * 1024 * kMebibyte),
  };
}

bool read_name(const Value& value, TableRule& rule) {
  rule.name = as_text(value).value_or("");
  return is_table_glob(rule.name);
}

bool read_into(const Value& value, TableRule& rule) {
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

bool read_layout(const Value& value, TableRule& /*rule*/) { return as_text(value) == "document"; }

std::vector<Key<TableRule>> make_table_keys() {
  return {{"name", "a table's name, or a pattern of names with * and ?", read_name},
          {"into", "\"table\" or \"schema.table\", each 1 to 63 bytes", read_into},
          {"layout", "\"document\", the only layout that is supported so far", read_layout}};
}

template <class Into>
std::vector<std::string_view> names_of(std::span<const Key<Into>> keys,
                                       std::vector<std::string_view> names = {}) {
  for (const Key<Into>& key : keys) names.push_back(key.name);
  return names;
}

}  // namespace

std::span<const Key<Config>> config_keys() {
  static const std::vector<Key<Config>> keys = make_config_keys();
  return keys;
}

std::span<const Key<TableRule>> table_keys() {
  static const std::vector<Key<TableRule>> keys = make_table_keys();
  return keys;
}

std::span<const std::string_view> top_level_names() {
  static const auto names = names_of(config_keys(), {"url", "table"});
  return names;
}

std::span<const std::string_view> table_names() {
  static const auto names = names_of(table_keys());
  return names;
}

std::string environment_name(std::string_view key) {
  std::string name{"DYNAMITE_"};
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace dynamite
