#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/batch.hpp"

namespace dynamite {

/// Source tables by their ARN.
using KnownTables = std::map<std::string, std::shared_ptr<const SourceTable>>;

/// Decodes by `decode(tables)`, whose result names the tables that it misses as `unknown_tables`.
/// `find(table_arn)` adds such a table to `tables`, or throws; then all is decoded again. So
/// decoding does no I/O, and an input whose tables are known is decoded once.
template <class Decode, class Find>
auto decode_with(const KnownTables& tables, const Decode& decode, const Find& find) {
  for (;;) {
    auto decoded = decode(tables);
    if (decoded.unknown_tables.empty()) return decoded;
    for (const std::string& table_arn : decoded.unknown_tables) find(table_arn);
  }
}

}  // namespace dynamite
