#include "layout/attribute_path.hpp"

#include <utility>

#include "layout/path_text.hpp"

namespace dynamite {
namespace {

std::optional<PathStep> step_of(PathToken token) {
  if (token.is_in_brackets) {
    const auto index = parse_place(token.text);
    if (!index) return {};
    return PathStep{.index = index};
  }
  // A name with a wildcard is a pattern of paths.
  if (!token.is_quoted && holds_wildcard(token.text)) return {};
  return PathStep{.name = std::move(token.text)};
}

}  // namespace

AttributePath AttributePath::of(std::string_view attribute) {
  return {.steps = {PathStep{.name = std::string{attribute}}}};
}

std::optional<AttributePath> AttributePath::parse(std::string_view text) {
  auto tokens = split_path(text);
  if (!tokens) return {};
  AttributePath path;
  for (PathToken& token : *tokens) {
    auto step = step_of(std::move(token));
    if (!step) return {};
    path.steps.push_back(std::move(*step));
  }
  return path;
}

std::string AttributePath::text() const {
  std::string text;
  for (const PathStep& step : steps) {
    if (step.index) {
      text += '[' + std::to_string(*step.index) + ']';
      continue;
    }
    if (!text.empty()) text += '.';
    text += written_name(step.name);
  }
  return text;
}

}  // namespace dynamite
