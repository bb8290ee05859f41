#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/text_array.hpp"

namespace dynamite::pg {

/// The parameters $1, $2, … of one statement. All travel in binary format as text, text[] or bytea,
/// so the SQL casts them to what it needs: `$1::bigint`.
class Params {
 public:
  Params() = default;
  Params(Params&&) = default;
  Params& operator=(Params&&) = default;

  Params& text(std::string_view value);  ///< copied
  Params& text_or_null(const std::optional<std::string>& value);
  Params& number(std::int64_t value);
  Params& null();
  Params& bytes(std::string_view value);  ///< bytea, copied
  Params& array(const TextArray& value);  ///< viewed: must live until the statement ran
  Params& array(TextArray&&) = delete;

  int count() const noexcept { return static_cast<int>(values_.size()); }
  const std::uint32_t* types() const noexcept { return types_.data(); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  Params& add(std::uint32_t type, const char* value, std::size_t length);

  std::deque<std::string> owned_;  // a deque never moves its strings
  std::vector<std::uint32_t> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

struct Statement {
  std::string_view sql;  ///< viewed: must live until the statement ran
  Params params;
};

}  // namespace dynamite::pg
