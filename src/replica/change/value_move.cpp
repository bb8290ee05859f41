#include "replica/change/value_move.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "layout/json_pointer.hpp"
#include "pg/identifier.hpp"
#include "pg/pipeline.hpp"
#include "replica/change/attribute_shares.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

// One transaction: an applier that wants one of its rows waits for some ten milliseconds.
constexpr int kMovedRows = 1'000;

/// SQL about the value of one column's attribute in `_rest`. {0}: the value as jsonb, {1}: as text,
/// {2}: what `_types` says of it, {3}: whether `_types` says something of what is in it.
struct MoveFacts {
  ColumnType type;
  std::string_view fits, value;
  bool is_said = false;  // `_types` says the type, which the column says from then on
};

constexpr std::array kMoves{
    MoveFacts{ColumnType::text, "jsonb_typeof({0}) = 'string' AND {2} IS NULL", "{1}"},
    MoveFacts{ColumnType::numeric, "jsonb_typeof({0}) = 'number'", "({0})::numeric"},
    MoveFacts{ColumnType::boolean, "jsonb_typeof({0}) = 'boolean'", "({0})::boolean"},
    MoveFacts{ColumnType::jsonb, "jsonb_typeof({0}) IN ('object', 'array') AND {2} IS NULL", "{0}"},
    MoveFacts{ColumnType::bytea, "{2} = 'B'", "decode({1}, 'base64')", true},
    MoveFacts{ColumnType::text_array, "{2} = 'SS' AND NOT {3}",
              "ARRAY(SELECT e.value FROM jsonb_array_elements_text({0}) WITH ORDINALITY "
              "AS e (value, place) ORDER BY e.place)",
              true},
    MoveFacts{ColumnType::numeric_array, "{2} = 'NS'",
              "ARRAY(SELECT e.value::numeric FROM jsonb_array_elements_text({0}) WITH ORDINALITY "
              "AS e (value, place) ORDER BY e.place)",
              true},
    MoveFacts{ColumnType::bytea_array, "{2} = 'BS'",
              "ARRAY(SELECT decode(e.value, 'base64') FROM jsonb_array_elements_text({0}) WITH "
              "ORDINALITY AS e (value, place) ORDER BY e.place)",
              true},
};

const MoveFacts& facts(const AttributeColumn& column) {
  for (const MoveFacts& move : kMoves)
    if (move.type == column.type && column.from.is_attribute()) return move;
  throw Error{Error::Kind::bug,
              fmt::format("values cannot be moved into the column \"{}\"", column.name)};
}

std::string pointer(std::string_view name) {
  std::string text{"/"};
  append_pointer_step(text, name);
  return text;
}

/// SQL of one column.
struct Move {
  std::string fits;     ///< the row's value fits the column
  std::string value;    ///< of the column then
  std::string name;     ///< of the attribute where the value fits, else NULL
  std::string pointer;  ///< of what `_types` must not say any more, else NULL
};

Move move_of(const AttributeColumn& column, const std::string& rest, const std::string& types) {
  const MoveFacts& fact = facts(column);
  const std::string& attribute = column.from.steps.front().name;
  const std::string name = quote_literal(attribute);
  const std::string place = quote_literal(pointer(attribute));
  const std::string within =
      fmt::format("EXISTS (SELECT FROM jsonb_object_keys({}) AS k (k) WHERE starts_with(k.k, {}))",
                  types, quote_literal(pointer(attribute) + "/"));
  const auto filled = [&](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::format("{} -> {}", rest, name),
                       fmt::format("{} ->> {}", rest, name),
                       fmt::format("({} ->> {})", types, place), within);
  };
  const std::string fits = fmt::format("coalesce({}, false)", filled(fact.fits));
  return {.fits = fits,
          .value = fmt::format("CASE WHEN {} THEN {} ELSE t.{} END", fits, filled(fact.value),
                               quote_identifier(column.name)),
          .name = fmt::format("CASE WHEN {} THEN {} END", fits, name),
          .pointer = fact.is_said ? fmt::format("CASE WHEN {} THEN {} END", fits, place) : ""};
}

/// SQL of `json` without these members, or NULL if none is left.
std::string without(const std::string& json, const std::vector<std::string>& members) {
  return fmt::format("nullif({} - array_remove(ARRAY[{}], NULL), '{{}}')", json,
                     fmt::join(members, ", "));
}

/// What is to be moved, as SQL.
struct MoveSql {
  std::map<std::string, std::string> values;  ///< of columns, quoted, when all is moved
  std::string fits;                           ///< the row `t` has such a value
};

MoveSql move_sql(const Target& target) {
  const std::string rest = value_column(target, "rest");
  const std::string types = value_column(target, "types");
  std::map<std::string, std::string> values;
  std::vector<std::string> fits, names, pointers, literals;
  for (const AttributeColumn& column : target.mapping.columns) {
    if (!column.filling) continue;
    Move move = move_of(column, "t." + rest, "t." + types);
    values.emplace(quote_identifier(column.name), std::move(move.value));
    fits.push_back(std::move(move.fits));
    names.push_back(std::move(move.name));
    if (!move.pointer.empty()) pointers.push_back(std::move(move.pointer));
    literals.push_back(quote_literal(column.from.steps.front().name));
  }
  values.emplace(rest, without("t." + rest, names));
  if (!pointers.empty()) values.emplace(types, without("t." + types, pointers));
  return {.values = std::move(values),
          .fits = fmt::format("t.{} ?| ARRAY[{}] AND ({})", rest, fmt::join(literals, ", "),
                              fmt::join(fits, " OR "))};
}

}  // namespace

// An applier may hold a row of the range and want another one, in any order: a move that waited
// while it holds rows itself would end in deadlocks.
std::string move_values_sql(const Target& target, const std::string& where) {
  const MoveSql sql = move_sql(target);
  const KeyColumns& keys = target.layout.keys();
  std::vector<std::string> sets;
  for (const auto& [column, value] : sql.values)
    sets.push_back(fmt::format("{} = {}", column, value));
  return fmt::format(R"(WITH free AS MATERIALIZED (
  SELECT {keys} FROM {table} t WHERE {where} AND {fits} FOR NO KEY UPDATE SKIP LOCKED)
UPDATE {table} t SET {sets}
FROM free f WHERE {where} AND ({keys}) = ({free_keys}) AND {fits})",
                     fmt::arg("keys", keys.names("t")), fmt::arg("free_keys", keys.names("f")),
                     fmt::arg("table", target.qualified_name()), fmt::arg("where", where),
                     fmt::arg("fits", sql.fits), fmt::arg("sets", fmt::join(sets, ",\n  ")));
}

std::string moved_rows_sql(const Target& target) {
  if (!has_filling_columns(target)) return target.qualified_name();
  const MoveSql sql = move_sql(target);
  std::vector<std::string> columns;
  for (const Column& column : target.layout.all()) {
    const auto value = sql.values.find(column.quoted());
    columns.push_back(value == sql.values.end()
                          ? "t." + column.quoted()
                          : fmt::format("{} AS {}", value->second, column.quoted()));
  }
  return fmt::format("(SELECT {} FROM {} t)", fmt::join(columns, ", "), target.qualified_name());
}

bool has_filling_columns(const Target& target) {
  return std::ranges::any_of(target.mapping.columns, &AttributeColumn::filling);
}

MoveStep ValueMove::step(pg::Connection& connection) {
  const auto range = next_range(connection, target_, after_, kMovedRows);
  if (!range) {
    after_.reset();
    return std::exchange(some_held_, false) ? MoveStep::held : MoveStep::done;
  }
  const std::string where = range->condition(target_.layout.keys(), 1);
  const std::string move = move_values_sql(target_, where);
  const std::string any_left = fmt::format("SELECT EXISTS (SELECT FROM {} t WHERE {} AND {})",
                                           target_.qualified_name(), where, move_sql(target_).fits);
  const std::string require = require_mapping_sql(replica_);
  std::vector<pg::Statement> statements = hold_mapping(replica_, require);
  for (const std::string* sql : {&move, &any_left}) {
    statements.push_back({*sql, {}});
    range->add_to(statements.back().params);
  }
  const auto results = pg::run_transaction(connection, statements);
  some_held_ |= results.back().flag(0, 0);
  after_ = range->last;
  return MoveStep::moved;
}

}  // namespace dynamite
