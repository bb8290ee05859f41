#include "app/cli/option_checks.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

KeyAttribute parse_key_attribute(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto type = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (colon == 0 || (type != "S" && type != "N" && type != "B"))
    refuse(
        fmt::format("--create: \"{}\" is no key attribute, wanted NAME:S, NAME:N or NAME:B", text),
        "for example --create customer:S,placed_at:N");
  return {std::string{text.substr(0, colon)}, static_cast<KeyType>(type.front())};
}

}  // namespace

void refuse(const std::string& what, std::string hint) {
  throw Error{Error::Kind::usage, what, std::move(hint)};
}

KeySchema parse_key_schema(std::string_view text) {
  const auto comma = text.find(',');
  if (comma != text.rfind(','))
    refuse(fmt::format("--create: \"{}\" has more than two keys, wanted one or two", text));
  KeySchema schema{parse_key_attribute(text.substr(0, comma)), {}};
  if (comma != std::string_view::npos) schema.sort = parse_key_attribute(text.substr(comma + 1));
  if (schema.sort && schema.sort->name == schema.partition.name)
    refuse(fmt::format("--create: both keys are named \"{}\"", schema.sort->name));
  return schema;
}

void refuse_all_with_tables(bool all, const std::vector<std::string>& tables) {
  if (all && !tables.empty()) refuse("--all and --table exclude each other");
}

}  // namespace dynamite
