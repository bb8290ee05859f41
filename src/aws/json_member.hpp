#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace dynamite {

/// The text under `name` of a JSON object; empty if `object` is none, or has no text under it.
std::string member_text(simdjson::dom::element object, std::string_view name);

}  // namespace dynamite
