#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "pg/array.hpp"
#include "pg/statement.hpp"

namespace dynamite {

/// Keys as the first parameters of a statement: the parts as text that KeyColumns::rows casts.
class KeyArrays {
 public:
  /// `schema` must live as long as keys are appended.
  explicit KeyArrays(const KeySchema& schema) : schema_{&schema}, parts_(schema.sort ? 2 : 1) {}

  /// `key`: canonical. Throws Error{poison} if a part is a string with U+0000.
  void append(std::string_view key);

  std::size_t size() const noexcept { return parts_[0].size(); }

  /// Adds an array a part; see Params::array.
  pg::Params& add_to(pg::Params& params) const;

 private:
  const KeySchema* schema_;
  std::vector<pg::Array> parts_;
};

/// Whether PostgreSQL can hold the canonical `key`.
bool is_storable(std::string_view key, const KeySchema& schema);

}  // namespace dynamite
