#pragma once

#include <optional>
#include <string>

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

  bool operator==(const KeySchema&) const = default;
};

}  // namespace dynamite
