#include "core/environment.hpp"

#include "core/lower_case.hpp"

namespace dynamite {

std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  auto value = environment(name);
  return value && !value->empty() ? std::move(value) : std::nullopt;
}

bool is_true(const Environment& environment, std::string_view name) {
  return lower_case(variable(environment, name).value_or("")) == "true";
}

}  // namespace dynamite
