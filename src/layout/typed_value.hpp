#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "json/scanner.hpp"
#include "layout/attribute_column.hpp"
#include "layout/image_transcoder.hpp"
#include "pg/binary.hpp"
#include "pg/row_sink.hpp"

namespace dynamite {

/// Where natural JSON stands that a TypedValues keeps.
struct JsonPart {
  std::size_t begin = 0, size = 0;
};

/// A value in the form in which its column takes it. Of a timestamptz microseconds, of a date days
/// since 1970, of a uuid its 16 bytes. Views live as long as the row's TypedValues.
using TypedValue = std::variant<std::monostate,  // NULL
                                bool, std::int64_t, double, std::string_view, pg::Decimal, JsonPart,
                                const std::vector<SetMember>*>;

/// Reads values of an image as their columns take them, and keeps what they view.
class TypedValues {
 public:
  /// Forgets the values of the last row.
  void clear() noexcept { kept_used_ = sets_used_ = 0; }

  /// Takes the value that `scanner` stands before, and reads it for `column`, which is not jsonb.
  /// NULL, with the scanner anywhere, if the value does not fit. So it is with most of what is
  /// malformed; of the rest it throws Error{poison}.
  TypedValue read(JsonScanner& scanner, const AttributeColumn& column);

 private:
  TypedValue read_string(JsonScanner& scanner, const AttributeColumn& column);
  TypedValue read_number(JsonScanner& scanner, const AttributeColumn& column);
  TypedValue read_binary(JsonScanner& scanner);
  TypedValue read_members(JsonScanner& scanner, std::string_view type);
  std::string_view plain_string(JsonScanner& scanner);
  TypedValue uuid(std::string_view text);
  std::string& keep();

  // Deques never move what they hold.
  std::deque<std::string> kept_;  // bytes that are not in the image as they are
  std::size_t kept_used_ = 0;
  std::deque<std::vector<SetMember>> sets_;
  std::size_t sets_used_ = 0;
};

/// Takes `{"T":` and returns T, a raw token; empty, with the scanner anywhere, if something else is
/// next.
std::string_view take_type(JsonScanner& scanner);

/// Writes `value`, which was read for a column of `type`; `json`: what a JsonPart is a part of.
void write(pg::RowSink& row, ColumnType type, const TypedValue& value, std::string_view json);

}  // namespace dynamite
