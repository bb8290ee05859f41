#include "layout/path_text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace dynamite {
namespace {

constexpr std::string_view kSpecial{".[]\""};

/// Takes `"odd.name"` from the front of `text`.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      const bool is_doubled = i + 1 < text.size() && text[i + 1] == '"';
      if (!is_doubled) {
        text.remove_prefix(i + 1);
        return name;
      }
      ++i;
    }
    name += text[i];
  }
  return {};
}

std::optional<PathToken> take_name(std::string_view& text) {
  if (text.starts_with('"')) {
    auto name = take_quoted(text);
    if (!name) return {};
    return PathToken{.text = std::move(*name), .is_quoted = true};
  }
  const std::size_t size = std::min(text.find_first_of(kSpecial), text.size());
  if (size == 0) return {};
  PathToken token{.text = std::string{text.substr(0, size)}};
  text.remove_prefix(size);
  return token;
}

std::optional<PathToken> take_brackets(std::string_view& text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return {};
  PathToken token{.text = std::string{text.substr(1, end - 1)}, .is_in_brackets = true};
  text.remove_prefix(end + 1);
  return token;
}

std::optional<PathToken> take_step(std::string_view& text) {
  if (text.front() == '[') return take_brackets(text);
  if (text.front() != '.') return {};
  text.remove_prefix(1);
  return take_name(text);
}

}  // namespace

std::optional<std::vector<PathToken>> split_path(std::string_view text) {
  std::vector<PathToken> tokens;
  do {
    auto token = tokens.empty() ? take_name(text) : take_step(text);
    if (!token) return {};
    tokens.push_back(std::move(*token));
  } while (!text.empty());
  return tokens;
}

std::optional<std::size_t> parse_place(std::string_view text) {
  std::size_t place = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, place);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || rest != end || has_leading_zero) return {};
  return place;
}

std::string written_name(std::string_view name) {
  const bool is_plain = !name.empty() && name.find_first_of(kSpecial) == std::string_view::npos &&
                        !holds_wildcard(name);
  if (is_plain) return std::string{name};
  std::string written{'"'};
  for (const char c : name) {
    if (c == '"') written += '"';
    written += c;
  }
  return written + '"';
}

}  // namespace dynamite
