#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/change/target_change.hpp"
#include "replica/change/value_move.hpp"

namespace dynamite {

/// The columns that frequent attributes of the replica's targets shall get by now; nothing for a
/// target whose mapping says `new_columns = false`, or which has as many as it may have. Looks into
/// some rows of each target, and notes in the state schema what it found.
std::vector<TargetChange> plan_promotion(pg::Connection& connection, const Replica& replica);

/// What a step of a promotion has done.
enum class PromotionStep : std::uint8_t {
  idle,     ///< nothing: no attribute needs a column now, or the role may not add one
  busy,     ///< nothing: somebody uses the table or some rows; a second later it may go
  changed,  ///< columns were added, or somebody else has changed the mapping
  moved,    ///< values of some rows are in their columns by now; more may follow at once
};

/// Gives attributes of one replica columns of their own, and moves their values out of `_rest`;
/// docs/protocol.md, "Promotion". It may be given up at any moment, and begun again by anybody.
class Promotion {
 public:
  explicit Promotion(Replica replica) : replica_{std::move(replica)} {}

  /// Does something short. Throws Error{usage} if a DBA has changed a column of an attribute so
  /// that its values might not be the item's.
  PromotionStep step(pg::Connection& connection);

  /// Columns have values that are not moved yet.
  bool is_filling() const;
  /// As it is by now.
  const Replica& replica() const noexcept { return replica_; }
  /// Which columns were added, in words.
  const std::vector<std::string>& added() const noexcept { return added_; }

 private:
  PromotionStep move(pg::Connection& connection);
  PromotionStep add_columns(pg::Connection& connection);
  void load(pg::Connection& connection);

  Replica replica_;
  std::vector<TargetChange> planned_;
  int attempts_ = 0;  // to bring planned_ about
  std::optional<ValueMove> move_;
  std::vector<std::string> added_;
};

/// Steps a promotion of `replica` until nothing is left to do, or until `deadline`: whoever comes
/// next goes on. Returns which columns were added, in words.
std::vector<std::string> promote(pg::Connection& connection, const Replica& replica,
                                 std::chrono::steady_clock::time_point deadline,
                                 const std::stop_token& stop);

}  // namespace dynamite
