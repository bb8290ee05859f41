#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "sim/service.hpp"

namespace dynamite::sim {

/// The member's text; empty if it is absent.
inline std::string text_of(simdjson::dom::element object, const char* member) {
  std::string_view text;
  return object[member].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

inline std::uint64_t number_of(simdjson::dom::element object, const char* member,
                               std::uint64_t otherwise) {
  std::uint64_t number = 0;
  return object[member].get(number) == simdjson::SUCCESS ? number : otherwise;
}

/// The member as JSON text; throws Refusal if it is absent.
inline std::string json_of(simdjson::dom::element object, const char* member) {
  simdjson::dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS)
    throw Refusal{"ValidationException", std::string{"missing: "} + member};
  return simdjson::minify(value);
}

}  // namespace dynamite::sim
