#pragma once

#include <cstdint>
#include <span>

#include "pg/copy_rows.hpp"
#include "replica/apply/rows.hpp"

namespace dynamite {

/// Scanned items as rows for COPY into a replica that has none of their keys.
struct CopiedRows {
  pg::CopyRows data;
  AfterPuts after;
};

/// `changes` are of pass `epoch`, sorted by key, one a key.
CopiedRows make_copied_rows(std::span<const Change> changes, const Target& target,
                            std::int32_t epoch);

}  // namespace dynamite
