#include "pg/server_error.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace dynamite::pg {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string{} : std::string{text};
}

// The server's own words name values for data errors (classes 22 and 23): those stay out.
std::string describe(const PGresult* result, const std::string& sqlstate) {
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

std::string hint_for(const PGresult* result, const std::string& sqlstate) {
  if (sqlstate.starts_with("DY") || sqlstate.starts_with("42"))
    return field(result, PG_DIAG_MESSAGE_HINT);
  if (sqlstate.starts_with("28")) return "check user and password in the setting `url`";
  return {};
}

}  // namespace

std::string sqlstate_of(const PGresult* result) { return field(result, PG_DIAG_SQLSTATE); }

void throw_server_error(const PGresult* result) {
  const std::string sqlstate = sqlstate_of(result);
  throw PgError{kind_of_sqlstate(sqlstate), describe(result, sqlstate), hint_for(result, sqlstate),
                sqlstate, field(result, PG_DIAG_CONSTRAINT_NAME)};
}

}  // namespace dynamite::pg
