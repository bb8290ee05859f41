#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "model/protocol_model.hpp"
#include "model/routing.hpp"

namespace dynamite::model {

inline bool holds(std::uint8_t set, int record) { return ((set >> record) & 1) != 0; }
inline void add(std::uint8_t& set, int record) {
  set = static_cast<std::uint8_t>(set | (1U << record));
}
inline std::string number(int value) { return std::to_string(value); }

/// Collects steps of one state. All references outlive it.
class Stepper {
 public:
  Stepper(const State& state, const Rules& rules, const Bounds& bounds, std::vector<Step>& steps)
      : state_{state}, rules_{rules}, bounds_{bounds}, steps_{steps} {}

 protected:
  void take(std::string words, State next) {
    std::ranges::sort(next.transactions);
    std::ranges::sort(next.pages);
    steps_.push_back({std::move(words), next});
  }

  bool in_flight() const {
    return std::ranges::any_of(state_.transactions,
                               [](const Transaction& t) { return t.work != Work::none; });
  }
  /// Whether another transaction than `index` has the key.
  bool held_by_other(std::size_t index) const {
    for (std::size_t i = 0; i < state_.transactions.size(); ++i)
      if (i != index && state_.transactions[i].holds) return true;
    return false;
  }
  /// Begins the transaction that `routed` makes of a mapping.
  template <class Routed>
  void begin(const std::string& words, const Routed& routed, const State& next) {
    begin_old(words, routed, next);
    begin_with(words, routed(state_.mapping), state_.mapping, next);
  }
  /// The rows may have been made at any time before. Which mapping made a remove matters only if
  /// the current one makes something else.
  template <class Routed>
  void begin_old(const std::string& words, const Routed& routed, const State& next) {
    for (Byte mapping = 0; mapping < state_.mapping; ++mapping) {
      const Transaction transaction = routed(mapping);
      if (transaction.image == 0 && transaction == routed(state_.mapping)) continue;
      begin_with(words + ", by the old mapping", transaction, mapping, next);
    }
  }
  void begin_with(const std::string& words, const Transaction& transaction, Byte mapping,
                  State next) {
    for (Transaction& slot : next.transactions) {
      if (slot.work != Work::none) continue;
      slot = transaction;
      slot.mapping = mapping;
      take(words, next);
      return;
    }
  }

  const State& state_;
  const Rules& rules_;
  const Bounds& bounds_;

 private:
  std::vector<Step>& steps_;
};

/// Adds to `steps` what the transactions in flight may do next.
void add_transaction_steps(const State& state, const Rules& rules, const Bounds& bounds,
                           std::vector<Step>& steps);

}  // namespace dynamite::model
