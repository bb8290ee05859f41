#include "replica/key_text.hpp"

#include <fmt/format.h>

#include "core/key.hpp"
#include "core/number.hpp"
#include "replica/replica_table.hpp"

namespace dynamite {
namespace {

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2)  // behind "\x"
    bytes += static_cast<char>(value(hex[i]) * 16 + value(hex[i + 1]));
  return bytes;
}

}  // namespace

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
      bytes = bytes_of_hex(part);
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
