#include "app/config/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "app/config/aws_settings.hpp"
#include "app/config/declared_columns.hpp"
#include "app/config/file.hpp"
#include "app/config/keys.hpp"
#include "core/error.hpp"
#include "mapping/glob.hpp"
#include "mapping/names.hpp"
#include "pg/identifier.hpp"
#include "where/clause.hpp"

namespace dynamite {
namespace {

[[noreturn]] void refuse(const std::string& what, std::string hint = {}) {
  throw Error{Error::Kind::usage, what, std::move(hint)};
}

/// Collects settings into a Config and everything that is wrong with them.
/// A clause; empty if it is none.
std::string read_where(const Setting& setting, std::vector<std::string>& problems) {
  const auto text = as_text(setting.value);
  if (!text || text->find('\0') != std::string::npos) {
    problems.push_back(wrong_value(
        setting,
        "a WHERE clause of PartiQL without U+0000, such as \"begins_with(sk, 'ORDER#')\""));
    return {};
  }
  // One of several errors that are reported together.
  try {
    Clause::parse(*text);
    return *text;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    const std::string hint = error.hint().empty() ? "" : fmt::format(" ({})", error.hint());
    problems.push_back(fmt::format("{}: {}{}", setting.where, error.what(), hint));
    return {};
  }
}

class Reader {
 public:
  explicit Reader(const ConfigSources& sources) : sources_{sources} {}

  Config read();

 private:
  void read_file();
  std::optional<std::filesystem::path> find_file() const;
  void read_environment();
  void read_command_line();

  void apply(const Setting& setting);
  void apply_url(const Setting& setting);
  void apply_table(const std::vector<Setting>& table);
  std::vector<TargetRule> read_targets(const Setting& targets, const std::vector<Setting>& beside);
  TargetRule read_target(const std::vector<Setting>& settings,
                         std::span<const std::string_view> known);
  void check_glob(const std::string& where, const TableRule& rule);
  void check_layout(const std::vector<Setting>& target, const TargetRule& rule);
  void check_history(const std::vector<Setting>& target, const TargetRule& rule);
  void check_targets();
  void check_target(const TableRule& rule, const TargetRule& target,
                    std::set<std::pair<std::string, std::string>>& targets);
  void check_complete();
  void narrow();

  const ConfigSources& sources_;
  Config config_;
  std::optional<std::string> file_;
  std::vector<std::string> problems_;
};

Config Reader::read() {
  read_file();
  read_environment();
  read_command_line();
  if (sources_.needs.region || !config_.secret.empty() || config_.auth == Auth::rds_iam)
    read_aws_settings(sources_.environment, config_, problems_);
  check_targets();
  check_complete();
  narrow();
  if (problems_.size() == 1) refuse(problems_.front());
  if (!problems_.empty())
    refuse(fmt::format("{} errors in the configuration\n  {}", problems_.size(),
                       fmt::join(problems_, "\n  ")));
  return std::move(config_);
}

std::optional<std::filesystem::path> Reader::find_file() const {
  if (sources_.file) return *sources_.file;
  if (const auto named = variable(sources_.environment, "DYNAMITE_CONFIG")) return *named;
  for (const char* name : {"dynamite.toml", "config.py"})
    for (const auto& directory : sources_.directories)
      if (std::error_code ignored; std::filesystem::exists(directory / name, ignored))
        return directory / name;
  return std::nullopt;
}

void Reader::read_file() {
  const auto path = find_file();
  if (!path) return;
  file_ = path->string();
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(*path, ignored);
  std::ifstream stream{*path};
  if (directory || !stream)
    refuse(fmt::format("cannot read the configuration file \"{}\": {}", *file_,
                       std::strerror(directory ? EISDIR : errno)));
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  const auto found = read_settings(text, *file_);
  problems_ = found.problems;
  for (const auto& setting : found.settings) apply(setting);
  for (const auto& table : found.tables) apply_table(table);
}

void Reader::read_environment() {
  for (const auto key : top_level_names()) {
    const auto name = environment_name(key);
    const auto text = variable(sources_.environment, name);
    if (text && key != "table") apply({name, std::string{key}, PlainText{*text}});
  }
}

void Reader::read_command_line() {
  for (const auto& text : sources_.settings) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
      problems_.emplace_back("--set: no = in the setting, wanted --set KEY=VALUE");
      continue;
    }
    apply({"--set", text.substr(0, equals), PlainText{text.substr(equals + 1)}});
  }
}

void Reader::apply(const Setting& setting) {
  if (setting.key == "url") return apply_url(setting);
  read_setting(setting, config_keys(), top_level_names(), config_, problems_);
}

void Reader::apply_url(const Setting& setting) {
  const auto text = as_text(setting.value);
  if (!text) {
    problems_.push_back(
        fmt::format("{}: url is no text, wanted \"postgresql://…\"", setting.where));
    return;
  }
  // One of several errors that are reported together.
  try {
    config_.url = parse_database_url(*text, sources_.environment);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    problems_.push_back(fmt::format("{}: {}", setting.where, error.what()));
  }
}

void Reader::apply_table(const std::vector<Setting>& table) {
  TableRule rule;
  std::vector<Setting> of_target;
  const Setting* targets = nullptr;
  const std::size_t problems_before = problems_.size();
  for (const Setting& setting : table) {
    if (setting.key == "target")
      targets = &setting;
    else if (setting.key == "name")
      read_setting(setting, table_keys(), table_names(), rule, problems_);
    else
      of_target.push_back(setting);
  }
  if (targets != nullptr)
    rule.targets = read_targets(*targets, of_target);
  else
    rule.targets = {read_target(of_target, table_names())};
  const std::string& where = table.empty() ? *file_ : table.back().where;
  if (std::ranges::find(table, "name", &Setting::key) == table.end()) {
    problems_.push_back(fmt::format("{}: a [[table]] without a name", where));
    return;
  }
  if (problems_.size() == problems_before) check_glob(where, rule);
  config_.tables.push_back(std::move(rule));
}

void Reader::check_glob(const std::string& where, const TableRule& rule) {
  if (!rule.is_glob()) return;
  if (rule.targets.size() > 1)
    problems_.push_back(fmt::format("{}: the pattern \"{}\" has {} targets, wanted one", where,
                                    rule.name, rule.targets.size()));
  else if (rule.targets.front().into_table)
    problems_.push_back(fmt::format(
        "{}: into is given for the pattern \"{}\", wanted one table's name", where, rule.name));
}

std::vector<TargetRule> Reader::read_targets(const Setting& targets,
                                             const std::vector<Setting>& beside) {
  const auto* const tables = std::get_if<TablesValue>(&targets.value);
  if (tables == nullptr) {
    problems_.push_back(wrong_value(targets, "one [[table.target]] for each target"));
    return {TargetRule{}};
  }
  for (const Setting& setting : beside)
    problems_.push_back(
        fmt::format("{}: {} stands in a [[table]] that has [[table.target]]s, wanted it in one of "
                    "them",
                    setting.where, setting.key));
  std::vector<TargetRule> rules;
  for (const TableValue& table : tables->tables)
    rules.push_back(read_target(table.settings, target_names()));
  return rules;
}

TargetRule Reader::read_target(const std::vector<Setting>& settings,
                               std::span<const std::string_view> known) {
  TargetRule rule;
  const std::size_t problems_before = problems_.size();
  for (const Setting& setting : settings) {
    if (setting.key == "columns")
      rule.mapping.declared = read_columns(setting, problems_);
    else if (setting.key == "where")
      rule.mapping.where = read_where(setting, problems_);
    else
      read_setting(setting, target_keys(), known, rule, problems_);
  }
  if (problems_.size() != problems_before) return rule;
  check_layout(settings, rule);
  check_history(settings, rule);
  return rule;
}

void Reader::check_layout(const std::vector<Setting>& target, const TargetRule& rule) {
  if (rule.mapping.layout == LayoutKind::columns) return;
  for (const Setting& setting : target)
    for (const char* key : {"columns", "new_columns", "max_columns", "column_names"})
      if (setting.key == key)
        problems_.push_back(fmt::format("{}: {} is given, but layout is \"{}\", wanted \"{}\"",
                                        setting.where, key, name_of(rule.mapping.layout),
                                        name_of(LayoutKind::columns)));
}

void Reader::check_history(const std::vector<Setting>& target, const TargetRule& rule) {
  if (rule.mapping.history) return;
  for (const Setting& setting : target)
    if (setting.key == "history_keep")
      problems_.push_back(fmt::format(
          "{}: history_keep is given, but history is false, wanted true", setting.where));
}

void Reader::check_targets() {
  std::set<std::string> names;
  std::set<std::pair<std::string, std::string>> targets;
  for (const TableRule& rule : config_.tables) {
    if (!names.insert(rule.name).second) {
      problems_.push_back(fmt::format("{}: \"{}\" is in two [[table]]s", *file_, rule.name));
      continue;
    }
    for (const TargetRule& target : rule.targets) check_target(rule, target, targets);
  }
  if (config_.hash_key && !config_.hash_key_secret.empty())
    problems_.emplace_back("hash_key and hash_key_secret are both given, wanted one of them");
  if (config_.schema == config_.state_schema)
    problems_.push_back(
        fmt::format("schema and state_schema are both \"{}\", wanted two schemas", config_.schema));
}

void Reader::check_target(const TableRule& rule, const TargetRule& target,
                          std::set<std::pair<std::string, std::string>>& targets) {
  const auto schema = target.into_schema.value_or(config_.schema);
  const auto table = target.into_table.value_or(shorten_identifier(rule.name));
  if (!rule.is_glob() && !targets.insert({schema, table}).second)
    problems_.push_back(
        fmt::format("{}: two targets are \"{}\".\"{}\", wanted a table for each, by into", *file_,
                    schema, table));
  if (schema == config_.state_schema)
    problems_.push_back(fmt::format("{}: \"{}\" goes into schema \"{}\", which is state_schema's",
                                    *file_, rule.name, schema));
}

void Reader::check_complete() {
  // A file that could not be understood may well hold what seems to be missing.
  if (!problems_.empty()) return;
  const auto places = file_ ? fmt::format("in {}", *file_) : std::string{"no configuration file"};
  if (sources_.needs.database && config_.url.conninfo.empty())
    problems_.push_back(fmt::format(
        "url is missing ({}), wanted url = \"postgresql://USER:PASSWORD@HOST:5432/DATABASE\" in "
        "dynamite.toml, or DYNAMITE_URL",
        places));
  if (sources_.needs.region && config_.region.empty())
    problems_.push_back(
        fmt::format("region is missing ({}), wanted region = \"us-west-2\" or another in "
                    "dynamite.toml, DYNAMITE_REGION, AWS_REGION, or a profile's region",
                    places));
}

void Reader::narrow() {
  if (sources_.tables.empty()) return;
  std::vector<TableRule> narrowed;
  for (const auto& name : sources_.tables) {
    const auto* rule = find_rule(config_.tables, name);
    if (rule == nullptr && !config_.tables.empty() && sources_.needs.table_rules)
      problems_.push_back(
          fmt::format("--table: \"{}\" is in no [[table]] of {}", name, file_.value_or("")));
    narrowed.push_back(rule == nullptr ? TableRule{} : *rule);
    narrowed.back().name = name;
  }
  config_.tables = std::move(narrowed);
}

}  // namespace

bool TableRule::matches(std::string_view table) const noexcept { return glob_matches(name, table); }

const TableRule* find_rule(std::span<const TableRule> rules, std::string_view table) noexcept {
  auto found = std::ranges::find(rules, table, &TableRule::name);
  if (found == rules.end())
    found = std::ranges::find_if(rules, [&](const TableRule& rule) { return rule.matches(table); });
  return found == rules.end() ? nullptr : &*found;
}

Config load_config(const ConfigSources& sources) { return Reader{sources}.read(); }

std::filesystem::path program_directory() {
  std::error_code no_proc;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", no_proc);
  if (!no_proc) return program.parent_path();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the kernel hands it over
  const auto* started_as = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return std::filesystem::path{started_as}.parent_path();
}

}  // namespace dynamite
