#pragma once

#include <string_view>

#include "where/condition.hpp"

namespace dynamite {

struct ParsedClause {
  Condition condition{};
  AttributePlaces attributes{};
};

/// Takes a clause apart. Throws Error{usage} with the place of what is wrong.
ParsedClause parse_clause(std::string_view clause);

}  // namespace dynamite
