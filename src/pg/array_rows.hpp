#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pg/array.hpp"
#include "pg/row_sink.hpp"
#include "pg/statement.hpp"

namespace dynamite::pg {

/// Rows as the parameters of a statement that unnests them: an array a column. jsonb and arrays are
/// elements of text, which the statement casts.
class ArrayRows final : public RowSink {
 public:
  /// `columns`: the type in which the values of each column are sent.
  explicit ArrayRows(const std::vector<ElementType>& columns)
      : columns_(columns.begin(), columns.end()) {}

  void begin_row();
  /// Drops what came of the row that was begun last.
  void undo_row();

  void null() override;
  void numeric(const Decimal& value) override;
  void text_array(std::span<const std::string_view> values) override;
  void numeric_array(std::span<const Decimal> values) override;
  void bytea_array(std::span<const std::string_view> values) override;
  std::string& begin_json() override;
  void end_json() override;

  /// Drops all rows, and keeps their memory.
  void clear();
  std::size_t bytes() const noexcept;

  /// Adds an array a column; see Params::array.
  void add_to(Params& params) const;

 private:
  std::string& add(std::int32_t bytes) override;
  std::string& begin();  ///< an element of text
  void end();

  std::vector<Array> columns_;
  std::size_t column_ = 0;  // whose value comes next
  bool open_ = false;       // … and has begun
};

}  // namespace dynamite::pg
