#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pg/row_sink.hpp"

namespace dynamite::pg {

/// The data of COPY … FROM STDIN (FORMAT binary), built in place: rows behind each other, each of
/// as many fields as it was begun with. Layout: PostgreSQL's documentation of COPY, "Binary
/// Format", and the `recv` function of each type.
class CopyRows : public RowSink {
 public:
  CopyRows();

  void begin_row(std::int16_t fields);
  /// Drops what came of the row that was begun last.
  void undo_row();

  void null() override;
  std::string& begin_json() override;
  void end_json() override;
  void bytes(std::string_view bytes);  ///< text or bytea
  void integer(std::int32_t value);
  void timestamp(std::int64_t micros);  ///< timestamptz, microseconds since 1970

  /// `number`: digits as core/number.hpp has them: `0`, or a coefficient without outer zeros, `e`
  /// and the exponent, perhaps behind a minus sign. Throws Error{bug} if it is none.
  void numeric(std::string_view number);

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
