#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// The parts of a key as text.
using KeyText = std::vector<std::string>;

/// `(t."pk", t."sk")`
std::string key_row(const KeyColumns& keys);

/// A range of keys in the order of the primary key: those behind `after`, up to `last`.
struct KeyRange {
  std::optional<KeyText> after{};  ///< absent: from the first key on
  KeyText last;

  /// SQL that is true of the rows `t` of the range. The range's parameters begin at `first`.
  std::string condition(const KeyColumns& keys, std::size_t first) const;
  void add_to(pg::Params& params) const;
};

/// The next `rows` rows of a table with those key columns, in the order of its keys, and the other
/// rows of the last key. `table`: its quoted name. Absent: the table ends with `after`.
std::optional<KeyRange> next_range(pg::Connection& connection, const std::string& table,
                                   const KeyColumns& keys, const std::optional<KeyText>& after,
                                   int rows);

/// The next `rows` rows of a target behind `after`; absent: the table ends there.
std::optional<KeyRange> next_range(pg::Connection& connection, const Target& target,
                                   const std::optional<KeyText>& after, int rows);

}  // namespace dynamite
