#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
/// nothing: the sweep deletes its row. But the sweep of a target that keeps rows cannot tell that
/// row from one of a removed item, so that there such an item is a change, scanned_untaken.
class Routing {
 public:
  /// How a target chooses its items.
  struct Rule {
    std::string where{};  ///< a clause; empty: it takes all
    bool keeps = false;   ///< rows of removed items stay
  };

  /// `rules`: of each target. Throws Error{usage} if a `where` is no clause.
  Routing(std::span<const Rule> rules, const KeySchema& key_schema,
          TargetRows rows = TargetRows::routed);

  RoutedChanges route(std::span<const Change> changes) const;

  /// Whether a target may take an item of the canonical `key`.
  bool may_take(std::size_t target, std::string_view key) const;

 private:
  enum class Choice : std::uint8_t { all, by_key, by_item };
  struct Chooser {
    Choice choice = Choice::all;
    std::size_t clause = 0;  ///< its number
    bool keeps = false;
  };
  struct Items;

  void route(const Change& change, Items& items, RoutedChanges& routed) const;
  std::optional<ChangeKind> kind_for(const Chooser& chooser, const Change& change,
                                     Items& items) const;
  bool takes(const Chooser& chooser, const Change& change, const Items& items) const;
  bool took(const Chooser& chooser, const Change& change, Items& items) const;

  KeySchema key_schema_;
  Clauses key_clauses_, item_clauses_;
  std::vector<Chooser> choosers_;  // of each target
};

}  // namespace dynamite
