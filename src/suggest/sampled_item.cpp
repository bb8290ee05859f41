#include "suggest/sampled_item.hpp"

#include <algorithm>
#include <list>
#include <utility>

#include "json/scanner.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

bool has_bytes(ValueType type) {
  return type == ValueType::S || type == ValueType::N || type == ValueType::B;
}

}  // namespace

const std::string* SampledItem::string_at(std::string_view name) const {
  const auto found = std::ranges::find(attributes, name, &SampledAttribute::name);
  return found == attributes.end() || found->type != ValueType::S ? nullptr : &found->bytes;
}

SampledItem read_sampled_item(std::string_view image) {
  SampledItem item{.image = image};
  JsonScanner scanner{image};
  scan_object(scanner, [&](std::string_view token) {
    SampledAttribute attribute;
    append_unescaped(attribute.name, token);
    std::list<std::string> kept;
    const Value value = read_value(scanner.skip_value(), kept);
    attribute.type = value.type;
    if (has_bytes(value.type)) attribute.bytes = value.bytes;
    item.attributes.push_back(std::move(attribute));
  });
  scanner.expect_end();
  return item;
}

}  // namespace dynamite
