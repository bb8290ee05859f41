#include "pg/server_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "pg/identifier.hpp"
#include "pg/session_settings.hpp"

namespace dynamite::pg {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string{} : std::string{text};
}

}  // namespace

std::string one_line(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string line;
  for (auto end = text.find('\n'); !text.empty(); end = text.find('\n')) {
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const auto begin = part.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    part = part.substr(begin, part.find_last_not_of(kBlanks) - begin + 1);
    (line += line.empty() ? "" : "; ") += part;
  }
  return line;
}

std::string sqlstate_of(const PGresult* result) { return field(result, PG_DIAG_SQLSTATE); }

bool is_fatal(const PGresult* result) {
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

// The server's own words name values for data errors (classes 22 and 23): those stay out.
std::string describe_server_error(const PGresult* result) {
  const std::string sqlstate = sqlstate_of(result);
  std::string text = sqlstate.starts_with("22") || sqlstate.starts_with("23")
                         ? fmt::format("PostgreSQL refused a value (SQLSTATE {})", sqlstate)
                         : fmt::format("PostgreSQL: {} (SQLSTATE {})",
                                       field(result, PG_DIAG_MESSAGE_PRIMARY), sqlstate);
  constexpr std::array kNames{std::pair{PG_DIAG_TABLE_NAME, "table"},
                              std::pair{PG_DIAG_COLUMN_NAME, "column"},
                              std::pair{PG_DIAG_CONSTRAINT_NAME, "constraint"}};
  for (const auto& [code, label] : kNames)
    if (const std::string name = field(result, code); !name.empty())
      text += fmt::format(", {} \"{}\"", label, name);
  return text;
}

namespace {

/// The setting that ends a statement that takes too long, and where the setting may stand although
/// our sessions pin it.
std::string_view hint_of_limit(std::string_view sqlstate) {
  constexpr std::array kLimits{
      std::pair{"57014",
                "either statement_timeout ran out, which only Lambda's deadline and functions "
                "of the database set, or somebody cancelled the statement"},
      std::pair{"55P03", "a function of the database sets lock_timeout, or locks with NOWAIT"},
      std::pair{"25P03",
                "the program stood still for longer than the setting "
                "idle_in_transaction_session_timeout allows"},
      std::pair{"25P04", "a function of the database, or a pooler, sets transaction_timeout"},
      std::pair{"57P05", "a pooler sets idle_session_timeout for its own sessions"}};
  for (const auto& [code, hint] : kLimits)
    if (sqlstate == code) return hint;
  if (sqlstate == kReadOnly) return kReadOnlyReasons;
  return {};
}

/// How the message about a missing right begins, and the GRANT that gives the right. The object's
/// name is added to the GRANT.
struct Grant {
  std::string_view refused, grant;
};

// The message has no schema. The GRANT on an object in a schema needs one, whatever the
// search_path.
constexpr std::array kGrants{
    Grant{"permission denied to create temporary tables in database ", "TEMPORARY ON DATABASE "},
    Grant{"permission denied for database ", "CREATE ON DATABASE "},
    Grant{"permission denied for schema ", "USAGE, CREATE ON SCHEMA "},
    Grant{"permission denied for table ", "SELECT, INSERT, UPDATE, DELETE ON ITS_SCHEMA."},
    Grant{"permission denied for view ", "SELECT ON ITS_SCHEMA."},
    Grant{"permission denied for materialized view ", "SELECT ON ITS_SCHEMA."},
    Grant{"permission denied for function ", "EXECUTE ON FUNCTION ITS_SCHEMA."},
    Grant{"permission denied for sequence ", "USAGE ON SEQUENCE ITS_SCHEMA."}};

// In another language than English the name cannot be found in the message. The server puts the
// database of temporary tables in quotes, and no other name.
std::string grant_hint(const std::string& message) {
  constexpr std::string_view kRoles =
      "docs/configuration.md, \"Roles in PostgreSQL\", says what each role needs";
  for (const auto& [refused, grant] : kGrants)
    if (message.starts_with(refused)) {
      std::string name = message.substr(refused.size());
      if (!name.starts_with('"')) name = quote_identifier(name);
      return fmt::format("its owner may run: GRANT {}{} TO the role in `url`; {}", grant, name,
                         kRoles);
    }
  if (message.starts_with("must be "))
    return fmt::format("let the owner run what `dynamite bootstrap --dry-run` prints; {}", kRoles);
  return std::string{kRoles};
}

std::string hint_for(const PGresult* result, const std::string& sqlstate) {
  if (field(result, PG_DIAG_SOURCE_FUNCTION) == "check_enable_rls")
    return "policies would hide rows from this role, which it would neither update nor remove: let "
           "it own the table, or ALTER ROLE … BYPASSRLS";
  if (sqlstate == "42501") return grant_hint(field(result, PG_DIAG_MESSAGE_PRIMARY));
  constexpr std::array<std::string_view, 4> kNotFound{"42P01", "42883", "42704", "3F000"};
  const bool in_function = !field(result, PG_DIAG_CONTEXT).empty();
  if (in_function && std::ranges::find(kNotFound, sqlstate) != kNotFound.end())
    return fmt::format(
        "sessions of dynamite look for names in {} only: give the trigger's "
        "function its own, ALTER FUNCTION … SET search_path = …",
        kSearchPath);
  if (sqlstate.starts_with("DY") || sqlstate.starts_with("42"))
    return field(result, PG_DIAG_MESSAGE_HINT);
  if (sqlstate.starts_with("28")) return "check user and password in the setting `url`";
  return std::string{hint_of_limit(sqlstate)};
}

}  // namespace

void throw_server_error(const PGresult* result) {
  const std::string sqlstate = sqlstate_of(result);
  throw PgError{kind_of_sqlstate(sqlstate), describe_server_error(result),
                hint_for(result, sqlstate), sqlstate, field(result, PG_DIAG_CONSTRAINT_NAME)};
}

}  // namespace dynamite::pg
