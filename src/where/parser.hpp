#pragma once

#include <cstddef>
#include <set>
#include <string_view>

#include "where/condition.hpp"

namespace dynamite {

struct ParsedClause {
  Condition condition{};
  std::set<std::size_t> attributes{};  ///< the places of those that it names
};

/// Takes a clause apart. Attributes that have no place yet are added to `places`. Throws
/// Error{usage} with the place of what is wrong.
ParsedClause parse_clause(std::string_view clause, AttributePlaces& places);

}  // namespace dynamite
