#pragma once

#include <string>
#include <string_view>

namespace dynamite::test {

/// DynamoDB JSON of an item in the one form that equal items share: attributes and sets sorted,
/// numbers canonical, strings in one spelling, no white space. Throws Error{poison} if malformed.
std::string canonical_dynamodb_json(std::string_view item);

/// The canonical DynamoDB JSON that natural JSON and its types stand for: the inverse of
/// append_natural_json. `types` may be empty. Reads jsonb's text as well. Throws Error{poison} if
/// they do not fit together: each entry of `types` must have been of use.
std::string dynamodb_json_of(std::string_view natural, std::string_view types);

}  // namespace dynamite::test
