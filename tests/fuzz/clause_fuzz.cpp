#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "fuzz/fuzz.hpp"
#include "layout/natural_json.hpp"
#include "where/clause.hpp"

namespace dynamite::fuzz {
namespace {

bool is_item(std::string_view image) {
  std::string item, types;
  return accepts({Error::Kind::poison}, [&] { append_natural_json(item, types, image); });
}

}  // namespace

/// A clause, and behind a line end the image of an item that it is asked about.
void run(std::string_view input) {
  if (!simdjson::validate_utf8(input.data(), input.size())) return;
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string clause{input.substr(0, end)};
  const std::string_view image = input.substr(std::min(end + 1, input.size()));
  bool matches = false;
  bool is_asked = false;
  const auto ask = [&](const std::string& text) {
    is_asked = false;
    const bool taken = accepts({Error::Kind::usage}, [&] {
      const Clause parsed = Clause::parse(text);
      is_asked = accepts({Error::Kind::poison}, [&] { matches = parsed.matches(image); });
    });
    return taken;
  };
  if (!ask(clause)) return;
  if (!is_asked) return require(!is_item(image), "a clause can be asked about every item");
  const bool before = matches;
  // One level deeper, and longer, it may be too much.
  if (!ask("NOT (" + clause + ")")) return;
  require(is_asked && matches != before, "NOT turns what a clause says");
}

}  // namespace dynamite::fuzz
