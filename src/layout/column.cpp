#include "layout/column.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

struct TypeFacts {
  std::string_view name, definition, in_catalogue;
  TravelForm travels;
};

using Element = pg::ElementType;

/// In the order of ColumnType.
constexpr std::array kTypes{
    TypeFacts{
        "text", R"(text COLLATE "C")", R"(text COLLATE "C")", {Element::text, "text", "", "''"}},
    TypeFacts{"numeric", "numeric", "numeric", {Element::numeric, "numeric", "", "0"}},
    TypeFacts{"bytea", "bytea", "bytea", {Element::bytea, "bytea", "", "''::bytea"}},
    TypeFacts{"jsonb", "jsonb", "jsonb", {Element::text, "text", "::jsonb", "'{}'::jsonb"}},
    TypeFacts{"timestamptz",
              "timestamptz",
              "timestamp with time zone",
              {Element::timestamptz, "timestamptz", "", "now()"}},
    TypeFacts{"integer", "integer", "integer", {Element::integer, "integer", "", "0"}},
    TypeFacts{"boolean", "boolean", "boolean", {Element::boolean, "boolean", "", "false"}},
    TypeFacts{"bigint", "bigint", "bigint", {Element::bigint, "bigint", "", "0"}},
    TypeFacts{"double precision",
              "double precision",
              "double precision",
              {Element::double_precision, "double precision", "", "0"}},
    TypeFacts{"date", "date", "date", {Element::date, "date", "", "current_date"}},
    TypeFacts{"uuid",
              "uuid",
              "uuid",
              {Element::uuid, "uuid", "", "'00000000-0000-0000-0000-000000000000'::uuid"}},
    TypeFacts{"text[]",
              R"(text[] COLLATE "C")",
              R"(text[] COLLATE "C")",
              {Element::text, "text", "::text[]", "'{}'::text[]"}},
    TypeFacts{"numeric[]",
              "numeric[]",
              "numeric[]",
              {Element::text, "text", "::numeric[]", "'{}'::numeric[]"}},
    TypeFacts{
        "bytea[]", "bytea[]", "bytea[]", {Element::text, "text", "::bytea[]", "'{}'::bytea[]"}},
};

constexpr const TypeFacts& facts(ColumnType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

}  // namespace

std::string Column::quoted() const { return quote_identifier(name); }

std::string_view type_name(ColumnType type) { return facts(type).name; }

std::optional<ColumnType> column_type_named(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &TypeFacts::name);
  if (found == kTypes.end()) return {};
  return static_cast<ColumnType>(found - kTypes.begin());
}

const TravelForm& travel_form(ColumnType type) { return facts(type).travels; }

std::string_view type_definition(ColumnType type) { return facts(type).definition; }

std::string_view type_in_catalogue(ColumnType type) { return facts(type).in_catalogue; }

ColumnType key_column_type(KeyType type) {
  switch (type) {
    case KeyType::S:
      return ColumnType::text;
    case KeyType::N:
      return ColumnType::numeric;
    case KeyType::B:
      return ColumnType::bytea;
  }
  throw Error{Error::Kind::bug, "key type is none of S, N, B"};
}

}  // namespace dynamite
