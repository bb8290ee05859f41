#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "layout/row_writer.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// The type of the column that an attribute gets which nobody declared, by the DynamoDB type of its
/// values: S, N, BOOL. Absent for NULL, which is no value of any column.
std::optional<ColumnType> column_type_of(std::string_view dynamodb_type);

/// The columns of a new target: those that `rules` declare. `table` names it in errors. Throws
/// Error{usage} if one of them has the name of a key column, of a column of ours or of PostgreSQL's
/// own, or takes what `rules` hide.
std::vector<AttributeColumn> initial_columns(const MappingRules& rules, const KeySchema& keys,
                                             std::string_view table);

/// The columns that attributes get behind those of `mapping`, as far as there is room. The first
/// of `seen` come first; of an attribute with several types the first counts. `taken`: names of
/// columns that the table has beside.
///
/// No column gets what has one already, a key attribute, what is not shown, and an attribute whose
/// name is empty or holds U+0000. A name that is not free has underscores appended.
std::vector<AttributeColumn> new_columns(const Mapping& mapping, const KeySchema& keys,
                                         std::span<const AttributeNote> seen,
                                         std::span<const std::string> taken = {});

}  // namespace dynamite
