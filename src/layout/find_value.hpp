#pragma once

#include <optional>
#include <string_view>

#include "layout/attribute_path.hpp"

namespace dynamite {

/// The raw value, `{"S":"…"}`, at `path` in an attribute's raw `value`; the path's first step is
/// the attribute. Absent if there is none. Throws Error{poison} if the value is malformed on the
/// way.
std::optional<std::string_view> find_value(std::string_view value, const AttributePath& path);

}  // namespace dynamite
