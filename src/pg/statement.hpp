#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/array.hpp"

namespace dynamite::pg {

/// The parameters $1, $2, … of one statement. All travel in binary format as text, bytea,
/// timestamptz or arrays; the SQL casts text to what it needs: `$1::bigint`.
class Params {
 public:
  Params() = default;
  Params(Params&&) = default;
  Params& operator=(Params&&) = default;

  Params& text(std::string_view value);  ///< copied
  Params& text_or_null(const std::optional<std::string>& value);
  Params& number(std::int64_t value);
  Params& timestamp(std::optional<std::int64_t> micros);  ///< timestamptz; since 1970; absent: NULL
  Params& null();
  Params& bytes(std::string_view value);  ///< bytea, copied
  Params& array(const Array& value);      ///< viewed: must live until the statement ran
  Params& array(Array&&) = delete;

  int count() const noexcept { return static_cast<int>(values_.size()); }
  const std::uint32_t* types() const noexcept { return types_.data(); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }  ///< all binary

 private:
  Params& add(std::uint32_t type, const char* value, std::size_t length);

  std::forward_list<std::string> owned_;  // never moves its strings
  std::vector<std::uint32_t> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
};

struct Statement {
  std::string_view sql;  ///< viewed: must live until the statement ran
  Params params;
};

}  // namespace dynamite::pg
