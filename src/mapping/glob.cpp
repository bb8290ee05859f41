#include "mapping/glob.hpp"

#include <cstddef>

namespace dynamite {
namespace {

bool continues_character(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::size_t behind_character(std::string_view text, std::size_t place) noexcept {
  do {
    ++place;
  } while (place < text.size() && continues_character(text[place]));
  return place;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) noexcept {
  std::size_t g = 0;
  std::size_t t = 0;
  auto star = std::string_view::npos;  // the last * passed, and where the text stood then
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      t = behind_character(text, t);
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = star_text = behind_character(text, star_text);
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

}  // namespace dynamite
