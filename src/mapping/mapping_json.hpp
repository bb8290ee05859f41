#pragma once

#include <string>
#include <string_view>

#include "mapping/mapping.hpp"

namespace dynamite {

/// `mapping` as the column `mapping` of the state schema's table `replica_target` holds it: an
/// object in which what is as in a new Mapping is left out. It does not say the layout, which has a
/// column of its own.
///
/// {"where":"begins_with(sk,
/// 'ORDER#')","declared":[{"name":"city","type":"text","from":["address","city"]}],"omit":["password*"],
///  "columns":[{"name":"total","type":"numeric","from":["total"],"retired":true}]}
std::string to_json(const Mapping& mapping);

/// The mapping whose to_json is `json`, whatever the order of members. Throws Error{usage} if it
/// says what this program does not know: a newer one wrote it.
Mapping mapping_of_json(LayoutKind layout, std::string_view json);

}  // namespace dynamite
