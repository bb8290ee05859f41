#pragma once

#include <cstdint>
#include <span>

#include "pg/copy_data.hpp"
#include "replica/apply/rows.hpp"

namespace dynamite {

/// Scanned items as rows of a replica that has none of their keys.
struct CopyRows {
  pg::CopyData data;
  /// Of `puts` only the keys; see Rows.
  Rows rest;
};

/// Fields in the order of ApplySql::copy. `changes` are of pass `epoch`, sorted by key, one a key.
CopyRows make_copy_rows(std::span<const Change> changes, const KeySchema& key_schema,
                        std::int32_t epoch);

}  // namespace dynamite
