#include "model/explorer.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <string_view>
#include <type_traits>
#include <unordered_map>

namespace dynamite::model {
namespace {

struct Arrival {
  const State* from = nullptr;
  std::string words;
};

// States are compared and hashed as bytes: there are millions of them.
static_assert(std::has_unique_object_representations_v<State>);

struct HashOfBytes {
  std::size_t operator()(const State& state) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&state), sizeof(State)});
  }
};

struct EqualBytes {
  bool operator()(const State& one, const State& other) const {
    return std::memcmp(&one, &other, sizeof(State)) == 0;
  }
};

/// Explores one case, level by level. `rules` and `bounds` outlive it.
class Explorer {
 public:
  Explorer(const Rules& rules, const Bounds& bounds) : rules_{rules}, bounds_{bounds} {
    waiting_.push_back(&reached_.emplace(State{}, Arrival{}).first->first);
  }

  /// Goes on by all states that are one step further than the last ones, up to the first
  /// violation. False once there are none.
  bool explore_level() {
    for (std::size_t left = waiting_.size(); left > 0; --left, waiting_.pop_front())
      if (!visit(*waiting_.front())) return false;
    return !waiting_.empty();
  }

  const Exploration& result() const { return result_; }

 private:
  bool visit(const State& state) {
    ++result_.states;
    if (!tells_the_truth(state, bounds_)) {
      result_.violation = way_to(state);
      return false;
    }
    if (at_rest(state, bounds_)) {
      ++result_.at_rest;
      if (!equal(state, bounds_)) {
        result_.violation = way_to(state);
        return false;
      }
    }
    for (Step& step : steps(state, rules_, bounds_)) {
      const auto [entry, fresh] =
          reached_.try_emplace(step.next, Arrival{&state, std::move(step.words)});
      if (fresh) waiting_.push_back(&entry->first);
    }
    return true;
  }

  std::vector<std::string> way_to(const State& state) const {
    std::vector<std::string> words;
    for (const Arrival* arrival = &reached_.at(state); arrival->from != nullptr;
         arrival = &reached_.at(*arrival->from))
      words.push_back(arrival->words);
    std::ranges::reverse(words);
    return words;
  }

  const Rules& rules_;
  const Bounds& bounds_;
  std::unordered_map<State, Arrival, HashOfBytes, EqualBytes> reached_;  // never moves its keys
  std::deque<const State*> waiting_;
  Exploration result_;
};

}  // namespace

Exploration explore(const Rules& rules, const Bounds& bounds) {
  Explorer explorer{rules, bounds};
  while (explorer.explore_level()) continue;
  return explorer.result();
}

std::vector<std::string> shortest_violation(const Rules& rules, const std::vector<Bounds>& cases) {
  std::deque<Explorer> explorers;
  for (const Bounds& bounds : cases) explorers.emplace_back(rules, bounds);
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (Explorer& explorer : explorers) {
      if (explorer.explore_level()) goes_on = true;
      if (!explorer.result().violation.empty()) return explorer.result().violation;
    }
  }
  return {};
}

}  // namespace dynamite::model
