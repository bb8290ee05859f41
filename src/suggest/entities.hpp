#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/key_schema.hpp"
#include "suggest/key_form.hpp"
#include "suggest/sampled_item.hpp"

namespace dynamite {

/// The forms of both parts of a key. Without a sort key the second is any.
struct EntityKey {
  KeyForm partition{}, sort{};

  auto operator<=>(const EntityKey&) const = default;
};

/// Items that belong into one table.
struct Entity {
  std::optional<std::string> named{};  ///< the value of the attribute that names it
  std::vector<EntityKey> keys{};       ///< the forms of its items' keys
  std::string where{};                 ///< empty: it is the only one, and takes all
  std::vector<std::size_t> items{};    ///< those that `where` takes, by their places in the sample
};

/// The entities of a sample, those of the most items first. Each item is taken by exactly one of
/// them.
///
/// An attribute that names entities (entity_attribute.hpp) decides what belongs together. The
/// clause is one of the keys wherever it takes the same items, because such a clause is cheaper;
/// where keys do not tell two entities apart it compares the attribute.
std::vector<Entity> find_entities(std::span<const SampledItem> items, const KeySchema& key_schema);

}  // namespace dynamite
