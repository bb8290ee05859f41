#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "suggest/key_form.hpp"

namespace dynamite {

// Pieces of a clause, as Clause::parse reads them.

/// `pk`, or `"order-id"`.
std::string clause_name(std::string_view attribute);

/// `type = 'Order'`
std::string equals(std::string_view attribute, std::string_view value);

/// What a key attribute's values of `form` fulfil: none of any value, or `sk = 'PROFILE'`, or
/// `begins_with(sk, 'ORDER#')` and a `contains(sk, '#ITEM#')` for each label.
std::vector<std::string> conditions_of(std::string_view attribute, const KeyForm& form);

/// `a AND b`; `a` of one alone. There is at least one.
std::string all_of(const std::vector<std::string>& conditions);

/// `(a AND b) OR c`. Each of `alternatives` has at least one condition.
std::string any_of(const std::vector<std::vector<std::string>>& alternatives);

/// `NOT a`, `NOT (a AND b)`
std::string none_of(const std::vector<std::string>& conditions);

}  // namespace dynamite
