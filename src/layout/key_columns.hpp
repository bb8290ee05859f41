#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "layout/column.hpp"

namespace dynamite {

/// Values that travel as an array, an element a row, beside the arrays of the keys.
struct ArrayField {
  std::string name;
  std::string_view type;    ///< of an element
  std::string_view cast{};  ///< what an element is cast to: `::jsonb`; empty: it is not
};

/// The key columns of a replica, and what SQL says of keys. In parameters (`u`) and in tombstones
/// (`d`) the parts of a key are called k1 and k2. The replica is `t`.
class KeyColumns {
 public:
  KeyColumns() = default;
  explicit KeyColumns(const KeySchema& schema);

  const KeySchema& schema() const noexcept { return schema_; }
  /// One or two.
  std::span<const Column> columns() const noexcept { return columns_; }
  std::size_t count() const noexcept { return columns_.size(); }

  /// `"pk", "sk"`; with an alias `t."pk", t."sk"`.
  std::string names(std::string_view alias = {}) const;
  /// `k1, k2`; with an alias `u.k1, u.k2`.
  std::string parts(std::string_view alias = {}) const;
  /// `t."pk" = u.k1 AND t."sk" = u.k2`, for another alias than u too.
  std::string row_matches(std::string_view other = "u") const;
  /// `d.k1 = u.k1 AND d.k2 = u.k2`
  std::string tombstone_matches() const;

  /// SELECT of the parameters $1, $2, … as rows: the typed parts of the key, `fields`, and the
  /// row's number n.
  std::string select_rows(const std::vector<ArrayField>& fields = {}) const;
  /// The same as `(…) AS u`.
  std::string rows(const std::vector<ArrayField>& fields = {}) const;
  /// The parameter behind the keys and `arrays` further arrays: `$4`.
  std::string parameter(std::size_t arrays) const;

  /// Lines of CREATE TABLE for the key under these names, quoted if need be.
  std::string definitions(const std::vector<std::string>& names) const;
  /// The types that the text of each part is cast to: text, numeric, bytea.
  std::vector<std::string_view> cast_types() const;
  /// Each part of the row `t` as text that canonical_key reads.
  std::vector<std::string> texts() const;
  /// The canonical key of a row, from its key parts as texts() gives them.
  std::string canonical_key(const std::vector<std::string>& texts) const;

 private:
  KeySchema schema_;
  std::vector<Column> columns_;
};

}  // namespace dynamite
