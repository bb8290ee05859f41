#include "suggest/entity_attribute.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>

#include "core/lower_case.hpp"
#include "suggest/key_form.hpp"

namespace dynamite {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::size_t kValueBytesMax = 64;

// In small letters, without hyphens and underscores.
constexpr auto kPlainNames =
    std::to_array<std::string_view>({"entity", "entitytype", "entityname", "et", "typename", "edbe",
                                     "itemtype", "recordtype", "objecttype", "modeltype"});
constexpr auto kDoubtfulNames = std::to_array<std::string_view>({"type", "kind", "model"});

std::string bare_name(std::string_view name) {
  std::string bare = lower_case(std::string{name});
  std::erase_if(bare, [](char c) { return c == '_' || c == '-'; });
  return bare;
}

bool is_plain(std::string_view name) {
  return std::ranges::find(kPlainNames, bare_name(name)) != kPlainNames.end();
}

bool is_doubtful(std::string_view name) {
  return std::ranges::find(kDoubtfulNames, bare_name(name)) != kDoubtfulNames.end();
}

/// The attributes of the items of one value.
struct Shape {
  std::size_t items = 0;
  std::map<std::string, std::size_t, std::less<>> counts{};

  bool always_has(const std::string& name) const {
    const auto found = counts.find(name);
    return found != counts.end() && found->second == items;
  }
};

std::map<std::string, Shape> shapes_by_value(std::span<const SampledItem> items,
                                             std::string_view attribute) {
  std::map<std::string, Shape> shapes;
  for (const SampledItem& item : items) {
    const std::string* const value = item.string_at(attribute);
    if (value == nullptr) continue;
    Shape& shape = shapes[*value];
    ++shape.items;
    for (const SampledAttribute& each : item.attributes) ++shape.counts[each.name];
  }
  return shapes;
}

bool differ(const Shape& a, const Shape& b) {
  return std::ranges::any_of(a.counts, [&](const auto& each) {
    return a.always_has(each.first) && !b.counts.contains(each.first);
  });
}

bool any_differ(const std::map<std::string, Shape>& shapes) {
  return std::ranges::any_of(shapes, [&](const auto& a) {
    return std::ranges::any_of(shapes, [&](const auto& b) { return differ(a.second, b.second); });
  });
}

bool can_name_entity(const std::string& value) {
  return !value.empty() && value.size() <= kValueBytesMax &&
         std::ranges::none_of(
             value, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// How many items it names; 0 if it names no entities.
std::size_t items_named(std::span<const SampledItem> items, std::string_view attribute) {
  const auto shapes = shapes_by_value(items, attribute);
  if (shapes.size() < 2 || shapes.size() > parts_max(items.size())) return 0;
  std::size_t named = 0;
  for (const auto& [value, shape] : shapes) {
    if (!can_name_entity(value)) return 0;
    named += shape.items;
  }
  const bool names_most = named * 2 > items.size();
  return names_most && (is_plain(attribute) || any_differ(shapes)) ? named : 0;
}

}  // namespace

std::optional<std::string> find_entity_attribute(std::span<const SampledItem> items) {
  Names candidates;
  for (const SampledItem& item : items)
    for (const SampledAttribute& each : item.attributes)
      if (is_plain(each.name) || is_doubtful(each.name)) candidates.insert(each.name);
  std::optional<std::string> best;
  std::size_t most = 0;
  for (const std::string& name : candidates) {
    const std::size_t named = items_named(items, name);
    if (named <= most) continue;
    most = named;
    best = name;
  }
  return best;
}

}  // namespace dynamite
