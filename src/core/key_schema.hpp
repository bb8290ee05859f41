#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// DynamoDB's types of key attributes: string, number, binary.
enum class KeyType : char { S = 'S', N = 'N', B = 'B' };

struct KeyAttribute {
  std::string name;
  KeyType type = KeyType::S;

  bool operator==(const KeyAttribute&) const = default;
};

/// The primary key of a table: a partition key and, in some tables, a sort key.
struct KeySchema {
  KeyAttribute partition;
  std::optional<KeyAttribute> sort;

  /// Whether the attribute is one of the key's.
  bool has(std::string_view attribute) const noexcept {
    return attribute == partition.name || (sort && attribute == sort->name);
  }

  bool operator==(const KeySchema&) const = default;
};

}  // namespace dynamite
