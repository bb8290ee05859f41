#include "layout/find_value.hpp"

#include <cstddef>
#include <span>

#include "json/scanner.hpp"
#include "json/text.hpp"
#include "layout/typed_value.hpp"

namespace dynamite {
namespace {

std::optional<std::string_view> member(JsonScanner& scanner, const std::string& wanted) {
  std::optional<std::string_view> found;
  scan_object(scanner, [&](std::string_view name) {
    const bool is_it = token_is(name, wanted);
    const std::string_view value = scanner.skip_value();
    if (is_it) found = value;
  });
  return found;
}

std::optional<std::string_view> element(JsonScanner& scanner, std::size_t wanted) {
  std::optional<std::string_view> found;
  std::size_t index = 0;
  scan_array(scanner, [&] {
    const std::string_view value = scanner.skip_value();
    if (index++ == wanted) found = value;
  });
  return found;
}

}  // namespace

std::optional<std::string_view> find_value(std::string_view value, const AttributePath& path) {
  std::optional<std::string_view> found{value};
  for (const PathStep& step : std::span{path.steps}.subspan(1)) {
    JsonScanner scanner{*found};
    const std::string_view type = take_type(scanner);
    if (!token_is(type, step.index ? "L" : "M")) return std::nullopt;
    found = step.index ? element(scanner, *step.index) : member(scanner, step.name);
    if (!found) return std::nullopt;
  }
  return found;
}

}  // namespace dynamite
