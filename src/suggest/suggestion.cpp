#include "suggest/suggestion.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "suggest/entity_name.hpp"

namespace dynamite {
namespace {

/// Absent if the image is malformed: the pass makes a dead letter of such an item.
std::optional<SampledItem> read_item(std::string_view image) {
  try {
    return read_sampled_item(image);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    return std::nullopt;
  }
}

std::vector<SampledItem> read_items(std::span<const std::string_view> images) {
  std::vector<SampledItem> items;
  for (const std::string_view image : images)
    if (auto item = read_item(image)) items.push_back(std::move(*item));
  std::ranges::sort(items, {}, &SampledItem::image);
  return items;
}

std::size_t count_taken_by_one(std::span<const Entity> entities, std::size_t items) {
  std::vector<std::size_t> targets(items);
  for (const Entity& entity : entities)
    for (const std::size_t item : entity.items) ++targets[item];
  return static_cast<std::size_t>(std::ranges::count(targets, std::size_t{1}));
}

}  // namespace

Suggestion suggest(std::string_view table, std::span<const std::string_view> images,
                   const KeySchema& key_schema) {
  const std::vector<SampledItem> items = read_items(images);
  const std::vector<Entity> entities = find_entities(items, key_schema);
  const std::vector<std::string> names = table_names(entities, table);
  Suggestion suggestion{.table = std::string{table},
                        .items = items.size(),
                        .malformed = images.size() - items.size(),
                        .taken_by_one = count_taken_by_one(entities, items.size())};
  for (std::size_t i = 0; i < entities.size(); ++i) {
    std::vector<const SampledItem*> own;
    for (const std::size_t item : entities[i].items) own.push_back(&items[item]);
    suggestion.targets.push_back({.into = names[i],
                                  .where = entities[i].where,
                                  .items = own.size(),
                                  .columns = suggest_columns(own, entities[i], key_schema),
                                  .attributes = summarize_attributes(own, key_schema)});
  }
  return suggestion;
}

}  // namespace dynamite
