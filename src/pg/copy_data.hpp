#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynamite::pg {

/// The data of COPY … FROM STDIN (FORMAT binary), built in place: rows behind each other, each of
/// as many fields as it was begun with. Layout: PostgreSQL's documentation of COPY, "Binary
/// Format", and the `recv` function of each type.
class CopyData {
 public:
  CopyData();

  /// Drops what was appended of an unfinished row when `undo` is called.
  void begin_row(std::int16_t fields);
  void undo_row();

  void append_null();
  void append_bytes(std::string_view bytes);  ///< text or bytea
  void append_int32(std::int32_t value);
  void append_timestamp(std::int64_t micros);  ///< timestamptz, microseconds since 1970
  void append_jsonb(std::string_view json);

  /// `number`: digits as core/number.hpp has them: `0`, or a coefficient without outer zeros, `e`
  /// and the exponent, perhaps behind a minus sign. Throws Error{bug} if it is none.
  void append_numeric(std::string_view number);

  /// Begins a jsonb field whose text the caller appends to buffer(); end_jsonb() closes it.
  void begin_jsonb();
  std::string& buffer() noexcept { return data_; }
  void end_jsonb();

  /// After the last row.
  void finish();

  std::string_view data() const noexcept { return data_; }
  std::size_t rows() const noexcept { return rows_; }

 private:
  std::string data_;
  std::size_t row_ = 0;    // where the row stands that was begun last
  std::size_t field_ = 0;  // … and its open field's length
  std::size_t rows_ = 0;
};

}  // namespace dynamite::pg
