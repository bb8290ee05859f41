#include "layout/key_columns.hpp"

#include <fmt/format.h>

#include "core/key.hpp"
#include "core/number.hpp"
#include "pg/bytea.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

/// FROM unnest(a, b, …) keeps the elements of each array in a tuplestore, and SELECT unnest(a),
/// unnest(b), … does not: a put takes the server an eighth less time with 12 columns, and a quarter
/// less with 100. With so few fields as layout `document` has the two take the same.
constexpr std::size_t kFieldsInFrom = 4;

/// The name of a key attribute, shortened to what PostgreSQL takes, with an underscore behind the
/// names of system columns.
std::string column_name(const KeyAttribute& attribute) {
  const std::string name = shorten_identifier(attribute.name);
  return is_system_column(name) ? name + "_" : name;
}

std::string_view cast_type(ColumnType type) {
  return type == ColumnType::text ? "text" : type_definition(type);
}

std::string part_name(std::size_t part) { return fmt::format("k{}", part + 1); }

std::string dotted(std::string_view alias) {
  return alias.empty() ? std::string{} : fmt::format("{}.", alias);
}

/// What `text_of` gives for each part of the key, in a list.
template <class TextOf>
std::string list_of(std::size_t count, std::string_view separator, TextOf text_of) {
  std::vector<std::string> texts;
  for (std::size_t part = 0; part < count; ++part) texts.push_back(text_of(part));
  return fmt::format("{}", fmt::join(texts, separator));
}

std::string canonical_part(const std::string& text, KeyType type) {
  if (type == KeyType::B) return pg::bytes_of_bytea(text);
  if (type == KeyType::S) return text;
  std::string number;
  append_canonical_number(number, text);
  return number;
}

}  // namespace

KeyColumns::KeyColumns(const KeySchema& schema) : schema_{schema} {
  const auto add = [&](const KeyAttribute& attribute) {
    columns_.push_back({.name = column_name(attribute), .type = key_column_type(attribute.type)});
  };
  add(schema.partition);
  if (schema.sort) add(*schema.sort);
}

std::string KeyColumns::names(std::string_view alias) const {
  return list_of(count(), ", ",
                 [&](std::size_t part) { return dotted(alias) + columns_[part].quoted(); });
}

std::string KeyColumns::parts(std::string_view alias) const {
  return list_of(count(), ", ", [&](std::size_t part) { return dotted(alias) + part_name(part); });
}

std::string KeyColumns::row_matches(std::string_view other) const {
  return list_of(count(), " AND ", [&](std::size_t part) {
    return fmt::format("t.{} = {}.{}", columns_[part].quoted(), other, part_name(part));
  });
}

std::string KeyColumns::tombstone_matches() const {
  return list_of(count(), " AND ",
                 [](std::size_t part) { return fmt::format("d.{0} = u.{0}", part_name(part)); });
}

std::string KeyColumns::select_rows(const std::vector<ArrayField>& fields) const {
  std::vector<std::string> parameters, unnested, raw, typed;
  const auto add = [&](const std::string& name, std::string_view type, std::string_view cast) {
    parameters.push_back(fmt::format("${}::{}[]", parameters.size() + 1, type));
    unnested.push_back(fmt::format("unnest({}) AS {}", parameters.back(), name));
    typed.push_back(fmt::format("a.{0}{1} AS {0}", name, cast));
    raw.push_back(name);
  };
  for (std::size_t part = 0; part < count(); ++part) {
    const std::string_view type = cast_type(columns_[part].type);
    add(part_name(part), "text", type == "text" ? std::string{} : fmt::format("::{}", type));
  }
  for (const ArrayField& field : fields) add(field.name, field.type, field.cast);
  if (fields.size() > kFieldsInFrom)
    return fmt::format("SELECT {}, a.n FROM (SELECT {}, generate_subscripts({}, 1) AS n) AS a",
                       fmt::join(typed, ", "), fmt::join(unnested, ", "), parameters.front());
  return fmt::format("SELECT {}, a.n FROM unnest({}) WITH ORDINALITY AS a({}, n)",
                     fmt::join(typed, ", "), fmt::join(parameters, ", "), fmt::join(raw, ", "));
}

std::string KeyColumns::rows(const std::vector<ArrayField>& fields) const {
  return "(" + select_rows(fields) + ") AS u";
}

std::string KeyColumns::parameter(std::size_t arrays) const {
  return fmt::format("${}", count() + arrays + 1);
}

std::string KeyColumns::definitions(const std::vector<std::string>& names) const {
  return list_of(count(), "", [&](std::size_t part) {
    return fmt::format("  {} {} NOT NULL,\n", names[part], type_definition(columns_[part].type));
  });
}

std::vector<std::string_view> KeyColumns::cast_types() const {
  std::vector<std::string_view> types;
  for (const Column& column : columns_) types.push_back(cast_type(column.type));
  return types;
}

std::vector<std::string> KeyColumns::texts() const {
  std::vector<std::string> texts;
  for (const Column& column : columns_)
    texts.push_back(column.type == ColumnType::bytea
                        ? fmt::format("'\\x' || encode(t.{}, 'hex')", column.quoted())
                        : fmt::format("t.{}::text", column.quoted()));
  return texts;
}

std::string KeyColumns::canonical_key(const std::vector<std::string>& texts) const {
  std::string key;
  append_key_part(key, canonical_part(texts[0], schema_.partition.type));
  if (schema_.sort) append_key_part(key, canonical_part(texts[1], schema_.sort->type));
  return key;
}

}  // namespace dynamite
