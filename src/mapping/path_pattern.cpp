#include "mapping/path_pattern.hpp"

#include <utility>

#include "layout/path_text.hpp"
#include "mapping/glob.hpp"

namespace dynamite {

std::optional<PathPattern> PathPattern::parse(std::string_view text) {
  auto tokens = split_path(text);
  if (!tokens) return {};
  PathPattern pattern;
  for (PathToken& token : *tokens) {
    if (token.is_in_brackets && token.text == "*") {
      pattern.steps_.emplace_back(AnyPlace{});
    } else if (token.is_in_brackets) {
      const auto index = parse_place(token.text);
      if (!index) return {};
      pattern.steps_.emplace_back(*index);
    } else if (!token.is_quoted && holds_wildcard(token.text)) {
      pattern.steps_.emplace_back(Glob{std::move(token.text)});
    } else {
      pattern.steps_.emplace_back(Name{std::move(token.text)});
    }
  }
  return pattern;
}

PathPattern PathPattern::of(std::string_view attribute) {
  PathPattern pattern;
  pattern.steps_.emplace_back(Name{std::string{attribute}});
  return pattern;
}

bool PathPattern::matches(std::size_t step, std::string_view name) const noexcept {
  if (const auto* exact = std::get_if<Name>(&steps_[step])) return exact->name == name;
  const auto* glob = std::get_if<Glob>(&steps_[step]);
  return glob != nullptr && glob_matches(glob->glob, name);
}

bool PathPattern::matches(std::size_t step, std::size_t index) const noexcept {
  if (std::holds_alternative<AnyPlace>(steps_[step])) return true;
  const auto* exact = std::get_if<std::size_t>(&steps_[step]);
  return exact != nullptr && *exact == index;
}

bool PathPattern::matches(std::size_t step, const PathStep& of_path) const noexcept {
  return of_path.index ? matches(step, *of_path.index) : matches(step, of_path.name);
}

}  // namespace dynamite
