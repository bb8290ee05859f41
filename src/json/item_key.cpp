#include "json/item_key.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
#include "core/key.hpp"
#include "core/number.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

[[noreturn]] void fail(const KeyAttribute& attribute, std::string_view why) {
  throw Error{Error::Kind::poison, fmt::format("key attribute \"{}\" {}", attribute.name, why)};
}

/// The bytes of a key attribute in their canonical form: `token` itself, or put into `storage`.
std::string_view canonical_bytes(const KeyAttribute& attribute, std::string_view token,
                                 bool has_escapes, std::string& storage) {
  if (attribute.type == KeyType::S && !has_escapes) return token;
  std::string text;
  append_unescaped(text, token);
  switch (attribute.type) {
    case KeyType::S:
      if (text.find('\0') != std::string::npos)
        fail(attribute, "holds U+0000, which PostgreSQL cannot store");
      storage = std::move(text);
      return storage;
    case KeyType::N:
      append_canonical_number(storage, text);
      return storage;
    case KeyType::B:
      append_base64_decoded(storage, text);
      return storage;
  }
  throw Error{Error::Kind::bug, "key type is none of S, N, B"};
}

std::string_view what_begins(char first) {
  const std::string_view type = json_type(first);
  return type.empty() ? "no JSON" : type;
}

/// Reads `{"S":"…"}` of the type that the schema wants.
std::string_view read_part(JsonScanner& scanner, const KeyAttribute& attribute,
                           std::string& storage) {
  const char type = static_cast<char>(attribute.type);
  if (const char first = scanner.peek(); first != '{')
    fail(attribute, fmt::format("is {}, wanted an object of type and value", what_begins(first)));
  scanner.expect('{');
  if (scanner.peek() == '}') fail(attribute, fmt::format("has no type, wanted type {}", type));
  const std::string_view found = scanner.member_name();
  if (!token_is(found, {&type, 1}))
    fail(attribute, fmt::format("is of {}, wanted type {}", shown_type(found), type));
  if (const char first = scanner.peek(); first != '"')
    fail(attribute, fmt::format("has {} for its {}, wanted a string", what_begins(first), type));
  const std::string_view token = scanner.string();
  const std::string_view bytes =
      canonical_bytes(attribute, token, scanner.string_has_escapes(), storage);
  if (scanner.peek() == ',') fail(attribute, "has more than one type");
  scanner.expect('}');
  return bytes;
}

struct Part {
  const KeyAttribute* attribute;
  bool seen = false;
  std::string_view bytes{};
  std::string storage{};

  bool read(JsonScanner& scanner, std::string_view name) {
    if (attribute == nullptr || !token_is(name, attribute->name)) return false;
    if (seen) fail(*attribute, "is there twice");
    seen = true;
    bytes = read_part(scanner, *attribute, storage);
    return true;
  }
};

void add_part(JsonObject& key, const KeyAttribute& attribute, std::string_view bytes) {
  std::string value;
  if (attribute.type == KeyType::B)
    append_base64(value, bytes);
  else if (attribute.type == KeyType::N)
    value = plain_number(bytes);
  else
    value = bytes;
  const char type = static_cast<char>(attribute.type);
  key.json(attribute.name, JsonObject{}.text({&type, 1}, value).finish());
}

}  // namespace

std::string shown_type(std::string_view token) {
  constexpr std::size_t kLongest = 4;  // BOOL, NULL
  const bool plain =
      !token.empty() && token.size() <= kLongest &&
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
          std::string_view::npos;
  return plain ? fmt::format("type {}", token) : "an unknown type";
}

bool key_part_equals(std::string_view value, const KeyAttribute& attribute,
                     std::string_view canonical) {
  JsonScanner scanner{value};
  std::string storage;
  return read_part(scanner, attribute, storage) == canonical;
}

std::string key_json(std::string_view canonical_key, const KeySchema& key_schema) {
  const KeyParts parts = split_key(canonical_key);
  JsonObject key;
  add_part(key, key_schema.partition, parts.parts[0]);
  if (key_schema.sort) add_part(key, *key_schema.sort, parts.parts[1]);
  return key.finish();
}

std::size_t read_key(JsonScanner& scanner, const KeySchema& key_schema, std::string& out) {
  Part partition{.attribute = &key_schema.partition};
  Part sort{.attribute = key_schema.sort ? &*key_schema.sort : nullptr};
  std::size_t attributes = 0;
  scan_object(scanner, [&](std::string_view name) {
    ++attributes;
    if (!partition.read(scanner, name) && !sort.read(scanner, name)) scanner.skip_value();
  });
  for (const Part* part : {&partition, &sort})
    if (part->attribute != nullptr && !part->seen) fail(*part->attribute, "is missing");
  append_key_part(out, partition.bytes);
  if (sort.seen) append_key_part(out, sort.bytes);
  return attributes;
}

void append_canonical_key(std::string& out, std::string_view image, const KeySchema& key_schema) {
  JsonScanner scanner{image};
  std::string key;
  read_key(scanner, key_schema, key);
  scanner.expect_end();
  out += key;
}

}  // namespace dynamite
