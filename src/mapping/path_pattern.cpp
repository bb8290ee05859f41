#include "mapping/path_pattern.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
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

PathPattern PathPattern::parse_or_throw(std::string_view text) {
  auto pattern = parse(text);
  if (!pattern)
    throw Error{Error::Kind::usage, fmt::format("\"{}\" is no pattern of paths", text),
                "write it as \"total\", \"password*\", \"address.*\" or \"items[*].price\""};
  return std::move(*pattern);
}

PathPattern PathPattern::of(std::string_view attribute) {
  PathPattern pattern;
  pattern.steps_.emplace_back(Name{std::string{attribute}});
  return pattern;
}

bool PathPattern::matches(std::size_t depth, std::string_view name) const noexcept {
  if (const auto* exact = std::get_if<Name>(&steps_[depth])) return exact->name == name;
  const auto* glob = std::get_if<Glob>(&steps_[depth]);
  return glob != nullptr && glob_matches(glob->glob, name);
}

bool PathPattern::matches(std::size_t depth, std::size_t place) const noexcept {
  if (std::holds_alternative<AnyPlace>(steps_[depth])) return true;
  const auto* exact = std::get_if<std::size_t>(&steps_[depth]);
  return exact != nullptr && *exact == place;
}

bool PathPattern::matches(std::size_t depth, const PathStep& step) const noexcept {
  return step.index ? matches(depth, *step.index) : matches(depth, step.name);
}

}  // namespace dynamite
