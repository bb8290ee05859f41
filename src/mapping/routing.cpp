#include "mapping/routing.hpp"

#include <algorithm>
#include <optional>

#include "core/key.hpp"

namespace dynamite {

/// What clauses are asked about one change, and what it is for each target. The memory is used
/// again for the next change.
struct Routing::Items {
  ItemAttributes key, item, old_item;
  bool has_old_item = false;  ///< old_item was read
  std::vector<std::optional<ChangeKind>> kinds;
};

Routing::Routing(std::span<const Rule> rules, const KeySchema& key_schema, TargetRows rows)
    : key_schema_{key_schema} {
  for (const auto& [text, keeps] : rules) {
    if (text.empty()) {
      choosers_.push_back({});
      continue;
    }
    Clauses alone;
    alone.add(text);
    const bool by_key = rows == TargetRows::routed && alone.is_decided_by_keys(0, key_schema);
    Clauses& among = by_key ? key_clauses_ : item_clauses_;
    choosers_.push_back({.choice = by_key ? Choice::by_key : Choice::by_item,
                         .clause = among.size(),
                         .keeps = keeps});
    among.add(text);
  }
}

RoutedChanges Routing::route(std::span<const Change> changes) const {
  RoutedChanges routed;
  routed.changes.resize(choosers_.size());
  Items items;
  for (const Change& change : changes) {
    try {
      route(change, items, routed);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      routed.refused.emplace_back(change, error);
    }
  }
  return routed;
}

bool Routing::may_take(std::size_t target, std::string_view key) const {
  const Chooser& chooser = choosers_[target];
  if (chooser.choice != Choice::by_key) return true;
  ItemAttributes attributes;
  const KeyParts parts = split_key(key);
  key_clauses_.read_key(parts, key_schema_, attributes);
  return key_clauses_.holds(chooser.clause, attributes);
}

void Routing::route(const Change& change, Items& items, RoutedChanges& routed) const {
  const bool has_item = change.kind != ChangeKind::remove;
  if (key_clauses_.size() > 0) key_clauses_.read_key(split_key(change.key), key_schema_, items.key);
  if (item_clauses_.size() > 0 && has_item) item_clauses_.read(change.image, items.item);
  items.has_old_item = false;
  std::vector<std::optional<ChangeKind>>& kinds = items.kinds;
  kinds.clear();
  for (const Chooser& chooser : choosers_) kinds.push_back(kind_for(chooser, change, items));
  if (has_item && std::ranges::find(kinds, change.kind) == kinds.end()) ++routed.untaken;
  for (std::size_t target = 0; target < choosers_.size(); ++target) {
    if (!kinds[target]) continue;
    Change& added = routed.changes[target].emplace_back(change);
    added.kind = *kinds[target];
    if (added.kind != ChangeKind::remove) continue;
    added.image = {};
    if (has_item) added.removal = Removal::left;
  }
}

/// What the change is for a target; absent: nothing.
std::optional<ChangeKind> Routing::kind_for(const Chooser& chooser, const Change& change,
                                            Items& items) const {
  if (takes(chooser, change, items)) return change.kind;
  if (change.kind == ChangeKind::scanned)
    return chooser.keeps ? std::optional{ChangeKind::scanned_untaken} : std::nullopt;
  if (chooser.choice == Choice::by_item && took(chooser, change, items)) return ChangeKind::remove;
  return std::nullopt;
}

/// Whether the target takes the item; of a remove, whether it takes each item of the key.
bool Routing::takes(const Chooser& chooser, const Change& change, const Items& items) const {
  switch (chooser.choice) {
    case Choice::all:
      return true;
    case Choice::by_key:
      return key_clauses_.holds(chooser.clause, items.key);
    case Choice::by_item:
      return change.kind != ChangeKind::remove && item_clauses_.holds(chooser.clause, items.item);
  }
  throw Error{Error::Kind::bug, "a target chooses its items in no known way"};
}

/// Whether the target may have had the item before the change. An old image that cannot be read
/// refuses nothing: the item before is as good as unknown.
bool Routing::took(const Chooser& chooser, const Change& change, Items& items) const {
  if (!change.old_image) return true;
  if (change.old_image->empty()) return false;
  try {
    if (!items.has_old_item) item_clauses_.read(*change.old_image, items.old_item);
    items.has_old_item = true;
    return item_clauses_.holds(chooser.clause, items.old_item);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    return true;
  }
}

}  // namespace dynamite
