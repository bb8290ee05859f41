#include <string>

#include "core/key.hpp"
#include "core/number.hpp"
#include "fuzz/fuzz.hpp"
#include "json/item_key.hpp"

namespace dynamite::fuzz {
namespace {

void check_part(const KeyAttribute& attribute, std::string_view bytes) {
  if (attribute.type == KeyType::S)
    require(bytes.find('\0') == std::string_view::npos, "PostgreSQL can store a string");
  if (attribute.type != KeyType::N) return;
  std::string number;
  append_canonical_number(number, bytes);
  require(number == bytes, "a number is canonical");
}

}  // namespace

/// An item, or a record's Keys.
void run(std::string_view input) {
  for (const auto& table : tables()) {
    const KeySchema& key_schema = table->key_schema;
    std::string key;
    if (!accepts({Error::Kind::poison}, [&] { append_canonical_key(key, input, key_schema); })) {
      require(key.empty(), "a refused key leaves nothing behind");
      continue;
    }
    const KeyParts parts = split_key(key);
    require(parts.count == (key_schema.sort ? 2U : 1U), "a key has all its parts");
    check_part(key_schema.partition, parts.parts[0]);
    if (key_schema.sort) check_part(*key_schema.sort, parts.parts[1]);
  }
}

}  // namespace dynamite::fuzz
