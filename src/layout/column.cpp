#include "layout/column.hpp"

#include <array>

#include "core/error.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

struct TypeNames {
  std::string_view definition, in_catalogue;
};

/// In the order of ColumnType.
constexpr std::array kTypes{
    TypeNames{R"(text COLLATE "C")", R"(text COLLATE "C")"},
    TypeNames{"numeric", "numeric"},
    TypeNames{"bytea", "bytea"},
    TypeNames{"jsonb", "jsonb"},
    TypeNames{"timestamptz", "timestamp with time zone"},
    TypeNames{"integer", "integer"},
};

constexpr const TypeNames& names(ColumnType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

}  // namespace

std::string Column::quoted() const { return quote_identifier(name); }

std::string_view type_definition(ColumnType type) { return names(type).definition; }

std::string_view type_in_catalogue(ColumnType type) { return names(type).in_catalogue; }

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
