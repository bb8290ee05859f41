#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// Reads one environment variable; absent: it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// An empty variable counts as unset: containers pass on unset variables as empty ones, and AWS's
/// own tools read them so.
std::optional<std::string> variable(const Environment& environment, std::string_view name);

/// The variable says "true", in any case.
bool is_true(const Environment& environment, std::string_view name);

}  // namespace dynamite
