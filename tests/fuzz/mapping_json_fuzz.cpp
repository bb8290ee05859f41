#include <simdjson.h>

#include "fuzz/fuzz.hpp"
#include "layout/attribute_path.hpp"
#include "mapping/mapping_json.hpp"

namespace dynamite::fuzz {

/// The text of a mapping as the catalogue has it.
void run(std::string_view input) {
  if (!simdjson::validate_utf8(input.data(), input.size())) return;
  accepts({Error::Kind::usage}, [&] {
    const Mapping mapping = mapping_of_json(LayoutKind::columns, input);
    const std::string written = to_json(mapping);
    require_json(written);
    require(mapping_of_json(LayoutKind::columns, written) == mapping, "it is read as written");
    for (const AttributeColumn& column : mapping.columns)
      if (const auto path = AttributePath::parse(column.from.text()))
        require(path == column.from, "a path is read as written");
  });
}

}  // namespace dynamite::fuzz
