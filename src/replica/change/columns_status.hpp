#pragma once

#include <vector>

#include "pg/connection.hpp"
#include "replica/change/attribute_shares.hpp"

namespace dynamite {

/// What a target of layout `columns` shows where.
struct ColumnsStatus {
  std::vector<AttributeColumn> columns;
  std::vector<AttributeShare> in_rest;   ///< the most frequent first
  std::vector<AttributeNote> uncounted;  ///< in `_rest` as well, but nobody has counted them yet
  std::vector<AttributeColumn> waiting;  ///< what the next promotion adds, by who may add it
};

/// As the last promotion found it.
ColumnsStatus read_columns_status(pg::Connection& connection, const Replica& replica,
                                  const Target& target);

}  // namespace dynamite
