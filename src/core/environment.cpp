#include "core/environment.hpp"

#include <algorithm>
#include <cctype>

namespace dynamite {

std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  auto value = environment(name);
  return value && !value->empty() ? std::move(value) : std::nullopt;
}

bool is_true(const Environment& environment, std::string_view name) {
  std::string value = variable(environment, name).value_or("");
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value == "true";
}

}  // namespace dynamite
