#include "model/explorer.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace dynamite::model {
namespace {

struct Arrival {
  const State* from = nullptr;
  std::string words;
};

std::vector<std::string> way_to(const State& state, const std::map<State, Arrival>& reached) {
  std::vector<std::string> words;
  for (const Arrival* arrival = &reached.at(state); arrival->from != nullptr;
       arrival = &reached.at(*arrival->from))
    words.push_back(arrival->words);
  std::ranges::reverse(words);
  return words;
}

}  // namespace

Exploration explore(const Rules& rules, const Bounds& bounds) {
  Exploration result;
  std::map<State, Arrival> reached;  // never moves its keys
  std::deque<const State*> waiting{&reached.emplace(State{}, Arrival{}).first->first};
  for (; !waiting.empty(); waiting.pop_front()) {
    const State& state = *waiting.front();
    ++result.states;
    if (at_rest(state, bounds)) {
      ++result.at_rest;
      const bool of_old_mapping = state.row.there() && state.row.mapping != state.mapping;
      if (state.row.image != source_image(state, bounds) || of_old_mapping) {
        result.violation = way_to(state, reached);
        return result;
      }
    }
    for (Step& step : steps(state, rules, bounds)) {
      const auto [entry, fresh] =
          reached.try_emplace(step.next, Arrival{&state, std::move(step.words)});
      if (fresh) waiting.push_back(&entry->first);
    }
  }
  return result;
}

}  // namespace dynamite::model
