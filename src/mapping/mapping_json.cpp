#include "mapping/mapping_json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"
#include "mapping/names.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kKeep = "keep";

std::string json_of(const AttributePath& path) {
  JsonArray steps;
  for (const PathStep& step : path.steps) {
    if (step.index)
      steps.json(std::to_string(*step.index));
    else
      steps.text(step.name);
  }
  return steps.finish();
}

std::string json_of(const AttributeColumn& column) {
  JsonObject json;
  json.text("name", column.name).text("type", type_name(column.type));
  json.json("from", json_of(column.from));
  if (column.take) json.text("take", column.take->text());
  if (column.unit != TimeUnit::none) json.text("unit", name_of(column.unit));
  if (column.retired) json.flag("retired", true);
  if (column.filling) json.flag("filling", true);
  return json.finish();
}

void add(JsonObject& json, std::string_view name, std::span<const AttributeColumn> columns) {
  JsonArray array;
  for (const AttributeColumn& column : columns) array.json(json_of(column));
  if (!columns.empty()) json.json(name, array.finish());
}

void add(JsonObject& json, std::string_view name, std::span<const std::string> texts) {
  JsonArray array;
  for (const std::string& text : texts) array.text(text);
  if (!texts.empty()) json.json(name, array.finish());
}

[[noreturn]] void fail(std::string_view why) {
  throw Error{Error::Kind::usage,
              fmt::format("the catalogue holds a mapping of a newer dynamite: {}", why),
              "install a newer dynamite"};
}

[[noreturn]] void fail_unknown(std::string_view what, std::string_view seen) {
  fail(fmt::format("it has {} \"{}\"", what, seen));
}

template <class T>
T known(std::optional<T> value, std::string_view what, std::string_view seen) {
  if (!value) fail_unknown(what, seen);
  return std::move(*value);
}

std::string read_text(JsonScanner& scanner) {
  std::string text;
  append_unescaped(text, scanner.string());
  return text;
}

bool read_flag(JsonScanner& scanner) {
  const std::string_view literal = scanner.literal();
  if (literal != "true" && literal != "false") fail("it has another value than true or false");
  return literal == "true";
}

bool read_keep(JsonScanner& scanner) {
  const std::string text = read_text(scanner);
  if (text != kKeep) fail_unknown("a rule for removed items", text);
  return true;
}

std::size_t read_size(JsonScanner& scanner) {
  const std::string_view literal = scanner.literal();
  std::size_t size = 0;
  const char* const end = literal.data() + literal.size();
  const auto [rest, error] = std::from_chars(literal.data(), end, size);
  if (error != std::errc{} || rest != end) fail("it has another number than a whole one");
  return size;
}

template <class Element>
void read_array(JsonScanner& scanner, std::vector<Element>& into,
                Element (*read)(JsonScanner& scanner)) {
  scan_array(scanner, [&] { into.push_back(read(scanner)); });
}

/// Calls `member(name)` for each member, which returns false if it does not know the name.
template <class Member>
void read_object(JsonScanner& scanner, Member member) {
  scan_object(scanner, [&](std::string_view token) {
    std::string name;
    append_unescaped(name, token);
    if (!member(name)) fail_unknown("a member", name);
  });
}

PathStep read_step(JsonScanner& scanner) {
  if (scanner.peek() == '"') return {.name = read_text(scanner)};
  return {.index = read_size(scanner)};
}

AttributeColumn read_column(JsonScanner& scanner) {
  AttributeColumn column;
  read_object(scanner, [&](std::string_view name) {
    if (name == "from") {
      read_array(scanner, column.from.steps, read_step);
    } else if (name == "retired") {
      column.retired = read_flag(scanner);
    } else if (name == "filling") {
      column.filling = read_flag(scanner);
    } else {
      std::string text = read_text(scanner);
      if (name == "name")
        column.name = std::move(text);
      else if (name == "type")
        column.type = known(column_type_named(text), "a column of type", text);
      else if (name == "take")
        column.take = known(TakePattern::parse(text), "a pattern", text);
      else if (name == "unit")
        column.unit = known(time_unit_named(text), "a unit", text);
      else
        return false;
    }
    return true;
  });
  if (column.from.steps.empty() || column.from.steps.front().index)
    fail("it has a column of no attribute");
  return column;
}

/// A member of the mapping; false if no member has that name.
bool read_member(JsonScanner& scanner, std::string_view name, Mapping& mapping) {
  MappingRules& rules = mapping.rules;
  if (name == "where") {
    rules.where = read_text(scanner);
  } else if (name == "columns") {
    read_array(scanner, mapping.columns, read_column);
  } else if (name == "declared") {
    read_array(scanner, rules.declared, read_column);
  } else if (name == "only") {
    read_array(scanner, rules.only, read_text);
  } else if (name == "omit") {
    read_array(scanner, rules.omit, read_text);
  } else if (name == "hash") {
    read_array(scanner, rules.hash, read_text);
  } else if (name == "hash_fingerprint") {
    rules.hash_fingerprint = read_text(scanner);
  } else if (name == "new_columns") {
    rules.new_columns = read_flag(scanner);
  } else if (name == "removed") {
    rules.keep_removed = read_keep(scanner);
  } else if (name == "expired") {
    rules.keep_expired = read_keep(scanner);
  } else if (name == "history") {
    rules.history = read_flag(scanner);
  } else if (name == "history_keep") {
    rules.history_keep = std::chrono::seconds{read_size(scanner)};
  } else if (name == "max_columns") {
    rules.columns_max = read_size(scanner);
  } else if (name == "column_names") {
    const std::string text = read_text(scanner);
    rules.column_names = known(column_names_named(text), "column names", text);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string to_json(const Mapping& mapping) {
  const MappingRules unchanged;
  const MappingRules& rules = mapping.rules;
  JsonObject json;
  if (!rules.where.empty()) json.text("where", rules.where);
  add(json, "declared", rules.declared);
  add(json, "only", rules.only);
  add(json, "omit", rules.omit);
  add(json, "hash", rules.hash);
  if (!rules.hash_fingerprint.empty()) json.text("hash_fingerprint", rules.hash_fingerprint);
  if (rules.new_columns != unchanged.new_columns) json.flag("new_columns", rules.new_columns);
  if (rules.columns_max != unchanged.columns_max) json.number("max_columns", rules.columns_max);
  if (rules.column_names != unchanged.column_names)
    json.text("column_names", name_of(rules.column_names));
  if (rules.keep_removed) json.text("removed", kKeep);
  if (rules.keep_expired) json.text("expired", kKeep);
  if (rules.history) json.flag("history", true);
  if (rules.history_keep.count() > 0)
    json.number("history_keep", static_cast<std::size_t>(rules.history_keep.count()));
  add(json, "columns", mapping.columns);
  return json.finish();
}

Mapping mapping_of_json(LayoutKind layout, std::string_view json) {
  Mapping mapping{.rules = {.layout = layout}};
  try {
    JsonScanner scanner{json};
    read_object(scanner,
                [&](std::string_view name) { return read_member(scanner, name, mapping); });
    scanner.expect_end();
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::poison) fail(error.what());
    throw;
  }
  return mapping;
}

}  // namespace dynamite
