#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace dynamite {

/// Appends DynamoDB number `text` in canonical form: sign, coefficient without leading or trailing
/// zeros, 'e', exponent; "0" for zero. `1`, `1.0` and `1e0` all become "1e0"; `-1.50` "-15e-1".
/// PostgreSQL's numeric reads this form. Throws Error{poison} if `text` is not a decimal number of
/// at most 38 significant digits with a magnitude of 1E-130 to 9.99…E+125, or zero.
void append_canonical_number(std::string& out, std::string_view text);

/// Appends `text` as a JSON number. Plain JSON numbers keep their digits; other forms that
/// DynamoDB's clients write (`+3`, `.5`, `007`) become the same value in canonical form.
/// Throws as append_canonical_number does.
void append_json_number(std::string& out, std::string_view text);

/// Whether append_json_number appends `text` as it is. It does so for most numbers.
bool is_short_json_number(std::string_view text) noexcept;

/// A canonical number as people write it, "13" of "13e0", unless that takes more than 40 digits.
std::string plain_number(std::string_view canonical);

/// Orders two canonical numbers by value.
std::strong_ordering compare_canonical_numbers(std::string_view a, std::string_view b);

}  // namespace dynamite
