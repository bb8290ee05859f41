#include "aws/xml_text.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace dynamite {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
    {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}};

/// The length and meaning of &#10; or &#xA; at the start of `text`. Keys and tokens are ASCII.
std::optional<std::pair<std::size_t, char>> character_reference(std::string_view text) {
  if (!text.starts_with("&#")) return std::nullopt;
  const bool hexadecimal = text.starts_with("&#x");
  const char* digits = text.data() + (hexadecimal ? 3 : 2);
  const char* const last = text.data() + text.size();
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(digits, last, value, hexadecimal ? 16 : 10);
  if (failure != std::errc{} || end == last || *end != ';' || value > 127) return std::nullopt;
  return std::pair{static_cast<std::size_t>(end - text.data()) + 1, static_cast<char>(value)};
}

std::string decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto [taken, c] = character_reference(text).value_or(std::pair{std::size_t{1}, text.front()});
    for (const auto& [entity, meaning] : kEntities) {
      if (!text.starts_with(entity)) continue;
      taken = entity.size();
      c = meaning;
    }
    out += c;
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace

std::vector<std::string> xml_texts(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string{name} + ">";
  const std::string close = "</" + std::string{name} + ">";
  std::vector<std::string> texts;
  for (std::size_t at = xml.find(open); at != xml.npos; at = xml.find(open, at)) {
    at += open.size();
    const std::size_t end = xml.find('<', at);
    if (end == xml.npos) break;
    if (xml.substr(end).starts_with(close)) texts.push_back(decoded(xml.substr(at, end - at)));
  }
  return texts;
}

}  // namespace dynamite
