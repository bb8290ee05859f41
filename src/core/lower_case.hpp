#pragma once

#include <algorithm>
#include <string>

namespace dynamite {

/// ASCII letters in lower case, whatever the locale is; other bytes stay.
inline std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace dynamite
