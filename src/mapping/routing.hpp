#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/batch.hpp"
#include "core/error.hpp"
#include "core/key_schema.hpp"
#include "where/clauses.hpp"

namespace dynamite {

/// Changes of a source as they concern its targets.
struct RoutedChanges {
  std::vector<std::vector<Change>> changes;       ///< of each target, in the source's order
  std::vector<std::pair<Change, Error>> refused;  ///< no clause can be asked about their image
  std::size_t untaken = 0;                        ///< puts and scanned items that no target takes
};

/// Which rows the targets may have by now.
enum class TargetRows : std::uint8_t {
  routed,    ///< those of items that were routed to them
  doubtful,  ///< others too: what somebody else wrote, or what a sweep could not delete
};

/// Which targets a change concerns, by the targets' clauses `where`; docs/protocol.md, "Routing".
/// For a target, a put of an item that its clause does not take is a remove of the same version. It
/// is nothing if
/// * the clause names key attributes only, and no row is doubtful: then it never took an item of
///   this key, or
/// * the item before the change is known, and the clause did not take it either.
/// A remove is nothing in the same two cases. A scanned item that the clause does not take is
/// nothing: the sweep takes its row.
class Routing {
 public:
  /// `clauses`: of each target; an empty one takes all. Throws Error{usage} if one is no clause.
  Routing(std::span<const std::string> clauses, const KeySchema& key_schema,
          TargetRows rows = TargetRows::routed);

  RoutedChanges route(std::span<const Change> changes) const;

 private:
  /// How a target chooses its items.
  enum class Choice : std::uint8_t { all, by_key, by_item };
  struct Chooser {
    Choice choice = Choice::all;
    std::size_t clause = 0;  ///< its number
  };
  struct Items;

  void route(const Change& change, Items& items, RoutedChanges& routed) const;
  bool took(const Chooser& chooser, const Change& change, Items& items) const;

  KeySchema key_schema_;
  Clauses key_clauses_, item_clauses_;
  std::vector<Chooser> choosers_;  // of each target
};

}  // namespace dynamite
