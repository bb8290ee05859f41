#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "layout/attribute_column.hpp"
#include "layout/layout.hpp"
#include "mapping/hash_key.hpp"

namespace dynamite {

enum class LayoutKind : std::uint8_t { document, columns };

/// How columns are named that nobody declared.
enum class ColumnNames : std::uint8_t { as_attributes, snake_case };

/// What the configuration says of a target: which layout, and what of an item it shows.
struct MappingRules {
  LayoutKind layout = LayoutKind::document;
  std::vector<AttributeColumn> declared{};  ///< of layout `columns`; none is retired
  std::string where{};                      ///< which items are taken, as a Clause; empty: all
  std::vector<std::string>
      only{};  ///< patterns of paths that are shown; empty: all. Keys always are
  std::vector<std::string> omit{};  ///< patterns of paths that are not shown
  std::vector<std::string> hash{};  ///< patterns of paths of which hashes are shown
  std::string hash_fingerprint{};   ///< of the key of `hash` (HashKey::fingerprint); else empty
  bool new_columns = true;          ///< attributes get columns by themselves
  std::size_t columns_max = 100;    ///< how many have columns, declared ones included
  ColumnNames column_names = ColumnNames::as_attributes;
  bool keep_removed = false;  ///< rows of items that somebody deleted stay
  bool keep_expired = false;  ///< rows of items that DynamoDB's time to live deleted stay
  bool history = false;       ///< a table beside the target has a row for each record
  std::chrono::seconds history_keep{0};  ///< how long the history says what was; 0: for ever

  bool keeps() const noexcept { return keep_removed || keep_expired; }

  bool operator==(const MappingRules&) const = default;
};

/// How a target shows its source's items. The catalogue holds it.
struct Mapping {
  MappingRules rules{};
  /// Those that are there, declared ones and others, in the order in which they were made.
  std::vector<AttributeColumn> columns{};

  /// The key of `hash`. It is a secret, so the catalogue does not hold it: the program gives it to
  /// each mapping that it has read there. Mappings are compared by its fingerprint, in the rules.
  std::shared_ptr<const HashKey> hash_key{};

  /// Of a source with those keys: the layout's own keys are hashed_schema.
  Layout layout(const KeySchema& keys) const;

  /// hash_key; null if nothing is hashed. Throws Error{usage}, which names `target`, if `hash`
  /// names something and the key is not given, or is another one than that of the fingerprint.
  std::shared_ptr<const HashKey> required_hash_key(std::string_view target) const;

  bool operator==(const Mapping& other) const {
    return rules == other.rules && columns == other.columns;
  }
};

}  // namespace dynamite
