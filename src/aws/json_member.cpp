#include "aws/json_member.hpp"

namespace dynamite {

std::string member_text(simdjson::dom::element object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

}  // namespace dynamite
