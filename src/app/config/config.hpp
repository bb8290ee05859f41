#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/database_url.hpp"
#include "aws/endpoints.hpp"
#include "core/apply_options.hpp"
#include "core/environment.hpp"
#include "core/replication_options.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// One [[table.target]]: a replica table, and what it shows of the items.
struct TargetRule {
  std::optional<std::string> into_schema;  ///< absent: Config::schema
  std::optional<std::string> into_table;   ///< absent: the source table's name. Never with a glob
  MappingRules mapping{};

  bool operator==(const TargetRule&) const = default;
};

/// One [[table]]: which source tables, and into which replica tables.
struct TableRule {
  std::string name;                               ///< exact, or with * and ?
  std::vector<TargetRule> targets{TargetRule{}};  ///< at least one; of a glob, one

  bool is_glob() const noexcept { return name.find_first_of("*?") != std::string::npos; }
  bool matches(std::string_view table) const noexcept;
  bool operator==(const TableRule&) const = default;
};

/// The rule for `table`: the exact one, else the first glob that matches, else null.
const TableRule* find_rule(std::span<const TableRule> rules, std::string_view table) noexcept;

enum class CreateTables { automatic, never };

enum class Auth { password, rds_iam };

/// Everything that the program was told, checked whole. Never changes.
struct Config {
  DatabaseUrl url;  ///< empty for `load`, which needs no PostgreSQL
  Auth auth = Auth::password;
  std::string secret;   ///< of Secrets Manager, with user and password; empty: the URL has them
  std::string ca_file;  ///< certificates to verify PostgreSQL by; empty: as DatabaseUrl
  std::string hash_key_secret;  ///< of Secrets Manager, with the key of `hash`; empty: none
  std::shared_ptr<const HashKey> hash_key;  ///< of `hash`; from the secret, once it is read
  std::string region;  ///< empty only for commands that ask nothing of AWS, if nothing gives it
  std::string schema = "public";
  std::string state_schema = "dynamite";

  /// Narrowed by --table to exact names. Empty: no table is named, so all of the region.
  std::vector<TableRule> tables;

  ApplyOptions apply;
  ReplicationOptions replication;
  bool report_batch_item_failures = false;  ///< the event source mapping reads Lambda's answer
  CreateTables create_tables = CreateTables::automatic;
  std::vector<std::string> grant_select;  ///< roles that may read replicas and status

  Endpoints endpoints;
  std::string ca_bundle;  ///< to verify AWS by: given, or the package's; empty: the system's

  std::vector<std::string> remarks;  ///< warnings about settings, said before the command begins

  bool operator==(const Config&) const = default;
};

/// What of a configuration a command cannot do without.
struct ConfigNeeds {
  bool database = true;
  bool region = true;
  bool table_rules = true;  ///< if there are [[table]]s, each --table must match one
};

/// Where settings come from, the first wins: `settings`, `environment`, one file.
struct ConfigSources {
  std::optional<std::string> file{};    ///< --config
  std::vector<std::string> settings{};  ///< --set KEY=VALUE
  std::vector<std::string> tables{};    ///< --table NAME
  Environment environment{};
  std::vector<std::filesystem::path> directories{};  ///< searched for dynamite.toml, then config.py
  ConfigNeeds needs{};
};

/// Throws Error{usage} that lists everything that is wrong: where, the key, the value seen, the
/// values allowed. Passwords are never in it.
Config load_config(const ConfigSources& sources);

/// The directory of the running program.
std::filesystem::path program_directory();

}  // namespace dynamite
