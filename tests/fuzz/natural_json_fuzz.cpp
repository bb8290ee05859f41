#include <simdjson.h>

#include <string>

#include "fuzz/fuzz.hpp"
#include "layout/natural_json.hpp"
#include "support/natural_json.hpp"

namespace dynamite::fuzz {

/// The image of an item.
void run(std::string_view input) {
  if (!simdjson::validate_utf8(input.data(), input.size())) return;
  std::string item = "<";
  std::string types = ">";
  if (!accepts({Error::Kind::poison}, [&] { append_natural_json(item, types, input); })) {
    require(item == "<" && types == ">", "a refused image leaves nothing behind");
    return;
  }
  item.erase(0, 1);
  types.erase(0, 1);
  require_json(item);
  if (!types.empty()) require_json(types);
  require(test::dynamodb_json_of(item, types) == test::canonical_dynamodb_json(input),
          "the natural JSON and its types give the item back");
}

}  // namespace dynamite::fuzz
