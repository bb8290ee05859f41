#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pg/array.hpp"
#include "pg/row_sink.hpp"

namespace dynamite::pg {

/// The data of COPY … FROM STDIN (FORMAT binary), built in place: rows behind each other, each of
/// as many fields as it was begun with. Layout: PostgreSQL's documentation of COPY, "Binary
/// Format", and the `recv` function of each type.
class CopyRows final : public RowSink {
 public:
  CopyRows();

  void begin_row(std::int16_t fields);
  /// Drops what came of the row that was begun last.
  void undo_row();

  void null() override;
  void numeric(const Decimal& value) override;
  void text_array(std::span<const std::string_view> values) override;
  void numeric_array(std::span<const Decimal> values) override;
  void bytea_array(std::span<const std::string_view> values) override;
  std::string& begin_json() override;
  void end_json() override;

  /// After the last row.
  void finish();

  std::string_view data() const noexcept { return data_; }
  std::size_t rows() const noexcept { return rows_; }

 private:
  std::string& add(std::int32_t bytes) override;
  void append_array(std::span<const std::string_view> values, ElementType type);

  std::string data_;
  std::size_t row_ = 0;    // where the row stands that was begun last
  std::size_t field_ = 0;  // … and its open field's length
  std::size_t rows_ = 0;
};

}  // namespace dynamite::pg
