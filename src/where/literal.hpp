#pragma once

#include "where/condition.hpp"
#include "where/cursor.hpp"

namespace dynamite {

/// Whether a literal begins with the next token.
bool begins_literal(const Cursor& cursor) noexcept;

/// Takes `'paid'`, `-1.5`, `true`, `null`, `[…]`, `{'name': …}` or `<<…>>`. Throws Error{usage} if
/// it is none, or no value of DynamoDB.
Literal take_literal(Cursor& cursor);

}  // namespace dynamite
