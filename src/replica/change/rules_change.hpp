#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "replica/change/target_change.hpp"
#include "replica/state/existing_table.hpp"

namespace dynamite {

/// What becomes of columns that stand for nothing any more.
enum class RetiredColumns : std::uint8_t { keep, drop };

/// What becomes of a registered target of a source with those keys if the configuration says
/// `rules` now; absent: nothing. `found`: the columns of its table. Throws Error{usage} if a
/// column's type would change and `retired` columns are kept, if a declared column has the name of
/// another one, or if keys would be hashed in another way.
std::optional<TargetChange> plan_rules(const Target& target, const KeySchema& keys,
                                       const MappingRules& rules,
                                       std::span<const FoundColumn> found, RetiredColumns retired);

}  // namespace dynamite
