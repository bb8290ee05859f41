#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replica/change/target_change.hpp"
#include "sim/checks/noted_history.hpp"
#include "sim/client.hpp"
#include "sim/lambda.hpp"
#include "sim/place.hpp"

namespace dynamite::sim {

/// What is scheduled, or done by hand with the other commands, and what a DBA does.
class Operator {
 public:
  Operator(const Place& place, Transport& transport, Chance& chance, Lambda& lambda);

  /// `maintain`, of a table that Lambda follows: notices what it discarded.
  void maintain(pg::Connection& connection, const Table& table);
  /// `dead-letters retry`, which refuses letters whose keys are hashes.
  void retry_dead_letters(pg::Connection& connection);
  /// Whether it is time for `snapshot`: the replica was never whole, or a gap is open.
  bool pass_needed(pg::Connection& connection) const;
  /// Whether there are letters whose keys are hashes: only a pass reads their items.
  bool letters_need_pass(pg::Connection& connection) const;
  /// `release`, which takes the table from a dead daemon. False: there was none.
  bool release_table();
  /// A promotion, which is given up at any moment.
  void promote(pg::Connection& connection);
  /// `bootstrap` with another configuration of a target. False: nothing has changed.
  bool change_mapping(pg::Connection& connection);
  /// The same with another clause.
  bool change_clause(pg::Connection& connection);
  /// The same with kept rows, a history or hashes switched off or on.
  bool switch_one(pg::Connection& connection);
  /// The same with one more target: a new one, or one that was let go. False: there are enough.
  bool add_target(pg::Connection& connection);
  /// The same without a target, which is let go. False: there is only one.
  bool let_target_go(pg::Connection& connection);
  /// `bootstrap` with what each target showed when it came. Some keep the clause that they have, or
  /// what they hash and keep. Where targets change, some worlds restore declared columns only.
  void restore_mapping(pg::Connection& connection);
  /// What the target of that table was told to show, at any time.
  const std::vector<MappingRules>& rules_ever(const std::string& table) const {
    return rules_ever_.at(table);
  }
  /// Absent: the target of that table has no history now.
  std::optional<HistorySince> history_since(const std::string& table) const;
  /// As the catalogue has it now.
  Replica replica(pg::Connection& connection) const;
  /// A constraint that refuses some rows.
  void add_constraint(pg::Connection& connection);
  void drop_constraint(pg::Connection& connection);

 private:
  MappingRules other_rules(const Target& target);
  /// False also if the configuration is refused.
  bool change_rules(pg::Connection& connection, std::size_t target, const MappingRules& rules);
  bool change(pg::Connection& connection, const Replica& replica,
              const std::vector<TargetChange>& changes);
  Target former_target(pg::Connection& connection, const std::string& table);
  void note_rules(const Replica& replica, std::int32_t epoch);

  const Place& place_;
  Chance& chance_;
  Client client_;
  Lambda& lambda_;
  std::map<std::string, MappingRules> rules_;  // of the targets that came, by their table
  std::map<std::string, std::vector<MappingRules>> rules_ever_;
  std::map<std::string, HistorySince> histories_;
  std::vector<std::string> let_go_;       // tables
  std::vector<std::string> hashed_keys_;  // attributes of the key
};

}  // namespace dynamite::sim
