#include "layout/column.hpp"

#include <array>

#include "core/error.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

struct TypeFacts {
  std::string_view definition, in_catalogue;
  TravelForm travels;
};

/// In the order of ColumnType.
constexpr std::array kTypes{
    TypeFacts{
        R"(text COLLATE "C")", R"(text COLLATE "C")", {pg::ElementType::text, "text", "", "''"}},
    TypeFacts{"numeric", "numeric", {pg::ElementType::numeric, "numeric", "", "0"}},
    TypeFacts{"bytea", "bytea", {pg::ElementType::text, "text", "::bytea", "''::bytea"}},
    TypeFacts{"jsonb", "jsonb", {pg::ElementType::text, "text", "::jsonb", "'{}'::jsonb"}},
    TypeFacts{"timestamptz",
              "timestamp with time zone",
              {pg::ElementType::timestamptz, "timestamptz", "", "now()"}},
    TypeFacts{"integer", "integer", {pg::ElementType::text, "text", "::integer", "0"}},
};

constexpr const TypeFacts& facts(ColumnType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

}  // namespace

std::string Column::quoted() const { return quote_identifier(name); }

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
