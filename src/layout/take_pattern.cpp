#include "layout/take_pattern.hpp"

#include <algorithm>
#include <cstdint>

namespace dynamite {
namespace {

constexpr std::string_view kTaken{"{}"};

enum class Wildcard : std::uint8_t { none, taken, passed_over };

/// A literal, and the wildcard behind it; the last piece has none.
struct Piece {
  std::string_view literal;
  Wildcard wildcard = Wildcard::none;
};

Piece take_piece(std::string_view& pattern) {
  const std::size_t taken = pattern.find(kTaken);
  const std::size_t passed_over = pattern.find('*');
  const std::size_t size = std::min({taken, passed_over, pattern.size()});
  Piece piece{.literal = pattern.substr(0, size)};
  if (size == taken) piece.wildcard = Wildcard::taken;
  if (size == passed_over) piece.wildcard = Wildcard::passed_over;
  const std::size_t wildcard_size = piece.wildcard == Wildcard::none    ? 0
                                    : piece.wildcard == Wildcard::taken ? kTaken.size()
                                                                        : 1;
  pattern.remove_prefix(size + wildcard_size);
  return piece;
}

/// Where in `text`, from `begin` on, the piece's literal stands: the last one's at the end.
std::size_t place_of(const Piece& piece, std::string_view text, std::size_t begin) {
  if (piece.wildcard != Wildcard::none) return text.find(piece.literal, begin);
  const bool ends_so = text.substr(begin).ends_with(piece.literal);
  return ends_so ? text.size() - piece.literal.size() : std::string_view::npos;
}

}  // namespace

std::optional<TakePattern> TakePattern::parse(std::string_view text) {
  const std::size_t taken = text.find(kTaken);
  if (taken == std::string_view::npos ||
      text.find(kTaken, taken + kTaken.size()) != std::string_view::npos)
    return {};
  return TakePattern{text};
}

// Where any match is, there is one with each literal at its first place behind the one before. So
// nothing is tried twice, and a text costs at most its length for each literal.
std::optional<std::string_view> TakePattern::take(std::string_view text) const {
  std::string_view pattern{text_};
  Piece piece = take_piece(pattern);
  if (!text.starts_with(piece.literal)) return {};
  std::size_t begin = piece.literal.size();
  std::optional<std::string_view> taken;
  while (piece.wildcard != Wildcard::none) {
    const bool is_taken = piece.wildcard == Wildcard::taken;
    piece = take_piece(pattern);
    const std::size_t end = place_of(piece, text, begin);
    if (end == std::string_view::npos) return {};
    if (is_taken) taken = text.substr(begin, end - begin);
    begin = end + piece.literal.size();
  }
  return taken;
}

}  // namespace dynamite
