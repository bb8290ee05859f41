#include "suggest/entity_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

#include "core/lower_case.hpp"
#include "mapping/snake_case.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

constexpr auto kAbbreviations =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"cust", "customer"},
                                                                  {"org", "organization"},
                                                                  {"prod", "product"},
                                                                  {"cat", "category"},
                                                                  {"acct", "account"},
                                                                  {"emp", "employee"},
                                                                  {"dept", "department"},
                                                                  {"msg", "message"},
                                                                  {"addr", "address"}});

/// Sort keys of what their partition is about.
constexpr auto kGenericLabels = std::to_array<std::string_view>(
    {"profile", "metadata", "meta", "info", "details", "detail", "data", "root", "self", "main",
     "summary", "record", "a", "v0"});

bool is_generic(std::string_view label) {
  const std::string name = lower_case(std::string{label});
  return std::ranges::find(kGenericLabels, name) != kGenericLabels.end();
}

std::string_view last_label(const KeyForm& form) {
  return without_delimiters(form.labels.empty() ? form.begin : form.labels.back());
}

/// What both parts of a key say: the partition's label, and then the entity's.
std::pair<std::string, std::string> key_names(const EntityKey& key) {
  const std::string_view partition = last_label(key.partition);
  const std::string_view sort = last_label(key.sort);
  const bool sort_names = !sort.empty() && (!is_generic(sort) || partition.empty());
  return {singular_name(partition), singular_name(sort_names ? sort : partition)};
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); });
}

std::string plural(std::string name) {
  if (ends_with_any(name, {"ss", "x", "ch", "sh", "us"})) return name + "es";
  if (ends_with_any(name, {"s", "data", "metadata"})) return name;
  const bool changes_y = name.size() > 1 && name.ends_with('y') &&
                         !ends_with_any(name, {"ay", "ey", "iy", "oy", "uy"});
  if (changes_y) {
    name.pop_back();
    return name + "ies";
  }
  return name + "s";
}

std::string free_name(const std::string& wanted, const std::set<std::string>& taken) {
  std::string name = shorten_identifier(wanted);
  for (int number = 2; taken.contains(name); ++number)
    name = shorten_identifier(fmt::format("{}_{}", wanted, number));
  return name;
}

/// What an entity is called, if no other wants the name, and otherwise.
struct Wish {
  std::string name;
  std::string longer;
};

Wish wish_of(const Entity& entity) {
  if (entity.named) {
    const std::string name = plural(singular_name(*entity.named));
    return {name, name};
  }
  const auto [partition, own] = key_names(entity.keys.front());
  if (own.empty()) return {"others", "others"};
  const std::string name = plural(own);
  const bool may_be_longer = !partition.empty() && partition != own;
  return {name, may_be_longer ? partition + '_' + name : name};
}

}  // namespace

std::string singular_name(std::string_view label) {
  if (label.empty()) return {};
  std::string name = snake_case(without_delimiters(label));
  const auto known = std::ranges::find(kAbbreviations, std::string_view{name},
                                       &std::pair<std::string_view, std::string_view>::first);
  return known == kAbbreviations.end() ? name : std::string{known->second};
}

std::vector<std::string> table_names(std::span<const Entity> entities, std::string_view source) {
  if (entities.size() == 1) return {shorten_identifier(snake_case(source))};
  std::vector<Wish> wishes;
  std::map<std::string, std::size_t> wanted;
  for (const Entity& entity : entities) {
    wishes.push_back(wish_of(entity));
    ++wanted[wishes.back().name];
  }
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const Wish& wish : wishes) {
    names.push_back(free_name(wanted[wish.name] > 1 ? wish.longer : wish.name, taken));
    taken.insert(names.back());
  }
  return names;
}

}  // namespace dynamite
