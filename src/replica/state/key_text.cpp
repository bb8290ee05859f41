#include "replica/state/key_text.hpp"

#include <fmt/format.h>

#include "core/key.hpp"
#include "core/number.hpp"
#include "pg/bytea.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

std::string_view key_cast_type(KeyType type) {
  return type == KeyType::S ? std::string_view{"text"} : key_column_type(type);
}

std::string key_as_text(std::string_view column, KeyType type) {
  return type == KeyType::B ? fmt::format("'\\x' || encode({}, 'hex')", column)
                            : fmt::format("{}::text", column);
}

std::string canonical_key(const KeySchema& keys, const std::vector<std::string>& parts) {
  std::string key;
  const auto append = [&](const KeyAttribute& attribute, const std::string& part) {
    std::string bytes;
    if (attribute.type == KeyType::B)
      bytes = pg::bytes_of_bytea(part);
    else if (attribute.type == KeyType::N)
      append_canonical_number(bytes, part);
    else
      bytes = part;
    append_key_part(key, bytes);
  };
  append(keys.partition, parts[0]);
  if (keys.sort) append(*keys.sort, parts[1]);
  return key;
}

}  // namespace dynamite
