#include "layout/attribute_path.hpp"

#include <charconv>
#include <utility>

#include "layout/path_text.hpp"

namespace dynamite {
namespace {

std::optional<std::size_t> parse_index(std::string_view text) {
  std::size_t index = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, index);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || rest != end || has_leading_zero) return {};
  return index;
}

std::optional<PathStep> step_of(PathToken token) {
  if (token.is_in_brackets) {
    const auto index = parse_index(token.text);
    if (!index) return {};
    return PathStep{.index = index};
  }
  // A name with a wildcard is a pattern of paths.
  if (!token.is_quoted && token.text.find('*') != std::string::npos) return {};
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
