#include "suggest/entities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "suggest/clause_text.hpp"
#include "suggest/entity_attribute.hpp"
#include "where/clause.hpp"

namespace dynamite {
namespace {

using Conditions = std::vector<std::string>;

constexpr std::size_t kAlternativesMax = 4;  // with more, a clause about keys is too long to read
constexpr std::size_t kClauseBytesMax = 8192;

/// Items whose keys fulfil the same conditions.
struct KeyGroup {
  EntityKey key{};
  Conditions conditions{};
  std::vector<std::size_t> items{};
  /// By the value of the attribute that names entities, how many; nullopt: they have none.
  std::map<std::optional<std::string>, std::size_t> values{};

  bool is_of_one_entity() const { return values.size() == 1; }
};

/// An entity whose clause does not leave out yet what others take.
struct Draft {
  std::optional<std::string> named{};
  std::vector<EntityKey> keys{};
  std::vector<Conditions> alternatives{};
  Conditions exclusions{};

  std::size_t conditions_min() const {
    const auto fewest = std::ranges::min_element(alternatives, {}, &Conditions::size);
    return fewest->size();
  }

  std::string where() const {
    Conditions all = alternatives.front();
    if (alternatives.size() > 1) {
      const std::string any = any_of(alternatives);
      all = {exclusions.empty() ? any : fmt::format("({})", any)};
    }
    all.insert(all.end(), exclusions.begin(), exclusions.end());
    return all_of(all);
  }
};

std::vector<KeyGroup> group_by_keys(std::span<const SampledItem> items, const KeySchema& key_schema,
                                    const std::optional<std::string>& attribute) {
  const KeyForms partitions{items, key_schema.partition.name};
  const std::string sort_name = key_schema.sort ? key_schema.sort->name : std::string{};
  const KeyForms sorts{key_schema.sort ? items : std::span<const SampledItem>{}, sort_name};
  std::map<std::set<std::string>, KeyGroup> groups;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const EntityKey key{.partition = partitions.of(items[i]),
                        .sort = key_schema.sort ? sorts.of(items[i]) : KeyForm{}};
    Conditions conditions = conditions_of(key_schema.partition.name, key.partition);
    for (std::string& condition : conditions_of(sort_name, key.sort))
      conditions.push_back(std::move(condition));
    KeyGroup& group = groups[{conditions.begin(), conditions.end()}];
    if (group.items.empty()) group = {.key = key, .conditions = std::move(conditions)};
    group.items.push_back(i);
    const std::string* const value = attribute ? items[i].string_at(*attribute) : nullptr;
    ++group.values[value == nullptr ? std::nullopt : std::optional{*value}];
  }
  std::vector<KeyGroup> result;
  for (auto& [conditions, group] : groups) result.push_back(std::move(group));
  return result;
}

/// The entity that the attribute calls `value`.
Draft named_entity(std::span<const KeyGroup> groups, const std::string& attribute,
                   const std::string& value) {
  Draft draft{.named = value};
  bool keys_tell = true;
  for (const KeyGroup& group : groups) {
    if (!group.values.contains(value)) continue;
    draft.keys.push_back(group.key);
    draft.alternatives.push_back(group.conditions);
    keys_tell = keys_tell && group.is_of_one_entity() && !group.conditions.empty();
  }
  if (!keys_tell || draft.alternatives.size() > kAlternativesMax)
    draft.alternatives = {{equals(attribute, value)}};
  return draft;
}

/// Entities that no attribute names: one for each form of their keys.
void add_unnamed(std::vector<Draft>& drafts, std::span<const KeyGroup> groups,
                 const std::optional<std::string>& attribute) {
  for (const KeyGroup& group : groups) {
    if (!group.values.contains(std::nullopt)) continue;
    Draft draft{.keys = {group.key}, .alternatives = {group.conditions}};
    if (!group.is_of_one_entity())
      draft.alternatives.front().push_back(
          fmt::format("NOT attribute_type({}, 'S')", clause_name(*attribute)));
    drafts.push_back(std::move(draft));
  }
}

std::vector<Draft> draft_entities(std::span<const SampledItem> items, const KeySchema& key_schema) {
  const auto attribute = find_entity_attribute(items);
  const std::vector<KeyGroup> groups = group_by_keys(items, key_schema, attribute);
  std::set<std::string> values;
  for (const KeyGroup& group : groups)
    for (const auto& [value, count] : group.values)
      if (value) values.insert(*value);
  std::vector<Draft> drafts;
  for (const std::string& value : values) drafts.push_back(named_entity(groups, *attribute, value));
  add_unnamed(drafts, groups, attribute);
  std::ranges::sort(drafts, [](const Draft& a, const Draft& b) {
    if (a.conditions_min() != b.conditions_min()) return a.conditions_min() > b.conditions_min();
    return a.where() < b.where();
  });
  return drafts;
}

std::vector<bool> taken_by(const std::string& where, std::span<const SampledItem> items) {
  std::vector<bool> taken(items.size(), true);
  if (where.empty()) return taken;
  const Clause clause = Clause::parse(where);
  for (std::size_t i = 0; i < items.size(); ++i) taken[i] = clause.matches(items[i].image);
  return taken;
}

bool overlap(const std::vector<bool>& a, const std::vector<bool>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] && b[i]) return true;
  return false;
}

/// That an item is not `other`'s, as far as the conditions of `draft` do not say so already.
std::string exclusion(const Draft& draft, const Draft& other) {
  if (other.alternatives.size() > 1) return fmt::format("NOT ({})", any_of(other.alternatives));
  Conditions rest = other.alternatives.front();
  if (draft.alternatives.size() == 1)
    std::erase_if(rest, [&](const std::string& condition) {
      return std::ranges::find(draft.alternatives.front(), condition) !=
             draft.alternatives.front().end();
    });
  return none_of(rest);
}

/// Lets each leave out what an earlier one takes. So every item is taken by the first whose
/// conditions it fulfils, and by no other.
void exclude_earlier(std::vector<Draft>& drafts, std::span<const SampledItem> items) {
  std::vector<std::vector<bool>> taken;
  for (const Draft& draft : drafts) taken.push_back(taken_by(draft.where(), items));
  for (std::size_t later = 0; later < drafts.size(); ++later) {
    Conditions& exclusions = drafts[later].exclusions;
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (!overlap(taken[earlier], taken[later])) continue;
      std::string condition = exclusion(drafts[later], drafts[earlier]);
      if (std::ranges::find(exclusions, condition) == exclusions.end())
        exclusions.push_back(std::move(condition));
    }
  }
}

Entity finished(const Draft& draft, std::string where, std::span<const SampledItem> items) {
  Entity entity{.named = draft.named, .keys = draft.keys, .where = std::move(where)};
  const std::vector<bool> taken = taken_by(entity.where, items);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (taken[i]) entity.items.push_back(i);
  return entity;
}

/// One that takes all.
Entity only_entity(std::span<const SampledItem> items) {
  Entity entity{.keys = {EntityKey{}}};
  entity.items.resize(items.size());
  std::iota(entity.items.begin(), entity.items.end(), std::size_t{0});
  return entity;
}

}  // namespace

std::vector<Entity> find_entities(std::span<const SampledItem> items, const KeySchema& key_schema) {
  std::vector<Draft> drafts = draft_entities(items, key_schema);
  if (drafts.empty()) return {only_entity(items)};
  if (drafts.size() == 1) return {finished(drafts.front(), {}, items)};
  exclude_earlier(drafts, items);
  std::vector<Entity> entities;
  for (const Draft& draft : drafts) {
    std::string where = draft.where();
    // A clause becomes so long only if values of keys were taken for names of entities.
    if (where.size() > kClauseBytesMax) return {only_entity(items)};
    Entity entity = finished(draft, std::move(where), items);
    if (!entity.items.empty()) entities.push_back(std::move(entity));
  }
  std::ranges::sort(entities, [](const Entity& a, const Entity& b) {
    if (a.items.size() != b.items.size()) return a.items.size() > b.items.size();
    return a.where < b.where;
  });
  return entities;
}

}  // namespace dynamite
