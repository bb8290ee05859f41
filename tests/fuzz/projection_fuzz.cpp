#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "layout/natural_json.hpp"
#include "mapping/projection.hpp"

namespace dynamite::fuzz {
namespace {

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");

/// Patterns of `omit`, separated by spaces; of `only` where + stands before, of `hash` where #
/// does.
MappingRules rules_of(std::string_view line) {
  MappingRules rules;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    if (word.starts_with('+'))
      rules.only.emplace_back(word.substr(1));
    else if (word.starts_with('#'))
      rules.hash.emplace_back(word.substr(1));
    else
      rules.omit.emplace_back(word);
  }
  return rules;
}

bool is_item(std::string_view image) {
  std::string item, types;
  return accepts({Error::Kind::poison}, [&] { append_natural_json(item, types, image); });
}

}  // namespace

/// A line of patterns, and the image of an item.
void run(std::string_view input) {
  if (!simdjson::validate_utf8(input.data(), input.size())) return;
  const std::string_view line = input.substr(0, input.find('\n'));
  const std::string_view image = input.substr(std::min(line.size() + 1, input.size()));
  const KeySchema keys{.partition = {.name = "pk", .type = KeyType::S}, .sort = {}};
  accepts({Error::Kind::usage}, [&] {
    const MappingRules rules = rules_of(line);
    Projection projection{rules, keys, kHashKey};
    std::string shown;
    const bool is_projected =
        accepts({Error::Kind::poison}, [&] { shown = projection.project(image, nullptr); });
    require(is_projected || !is_item(image), "what is an item is projected");
    if (!is_projected) return;
    require_json(shown);
    require(is_item(shown) || !is_item(image), "what is shown of an item is one");
    // Elements of lists move up, so a pattern of a place takes another one then. A hash is hashed.
    if (line.find('[') != line.npos || !rules.hash.empty()) return;
    require(Projection{projection}.project(shown, nullptr) == shown, "nothing is left to hide");
  });
}

}  // namespace dynamite::fuzz
