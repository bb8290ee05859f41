#include <cstdlib>
#include <string>

#include "core/number.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {
namespace {

std::string canonical(std::string_view text) {
  std::string number;
  append_canonical_number(number, text);
  return number;
}

/// The canonical form of `text`, empty if it is no number.
std::string check_number(std::string_view text) {
  std::string number;
  std::string json;
  const bool taken = accepts({Error::Kind::poison}, [&] { append_canonical_number(number, text); });
  const bool json_taken = accepts({Error::Kind::poison}, [&] { append_json_number(json, text); });
  require(taken == json_taken, "both forms take the same texts");
  if (!taken) return {};

  require(canonical(number) == number, "a canonical number is its own canonical form");
  require_json(json);
  require(canonical(json) == number, "the JSON number has the same value");
  return number;
}

}  // namespace

/// Two numbers, a line each.
void run(std::string_view input) {
  const auto line = std::min(input.find('\n'), input.size());
  const std::string a = check_number(input.substr(0, line));
  const std::string b = check_number(input.substr(std::min(line + 1, input.size())));
  if (a.empty() || b.empty()) return;

  const auto order = compare_canonical_numbers(a, b);
  require((order == 0) == (a == b), "only the same number is equal");
  require(compare_canonical_numbers(b, a) == 0 <=> order, "the order is the same from both sides");
  // Rounding keeps the order, but may make two numbers one.
  const double x = std::strtod(a.c_str(), nullptr);
  const double y = std::strtod(b.c_str(), nullptr);
  require(x == y || order == (x < y ? std::strong_ordering::less : std::strong_ordering::greater),
          "the order is that of the values");
}

}  // namespace dynamite::fuzz
