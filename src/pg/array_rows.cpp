#include "pg/array_rows.hpp"

#include "pg/array_literal.hpp"

namespace dynamite::pg {

void ArrayRows::begin_row() { column_ = 0; }

void ArrayRows::undo_row() {
  if (open_) columns_[column_].undo();
  open_ = false;
  for (std::size_t column = 0; column < column_; ++column) columns_[column].drop_last();
  column_ = 0;
}

void ArrayRows::null() { columns_[column_++].append_null(); }

void ArrayRows::numeric(const Decimal& value) { columns_[column_++].append(value); }

void ArrayRows::text_array(std::span<const std::string_view> values) {
  append_text_array_literal(begin(), values);
  end();
}

void ArrayRows::numeric_array(std::span<const Decimal> values) {
  append_numeric_array_literal(begin(), values);
  end();
}

void ArrayRows::bytea_array(std::span<const std::string_view> values) {
  append_bytea_array_literal(begin(), values);
  end();
}

std::string& ArrayRows::begin_json() { return begin(); }

void ArrayRows::end_json() { end(); }

std::string& ArrayRows::add(std::int32_t bytes) { return columns_[column_++].add(bytes); }

std::string& ArrayRows::begin() {
  open_ = true;
  columns_[column_].begin();
  return columns_[column_].buffer();
}

void ArrayRows::end() {
  columns_[column_++].end();
  open_ = false;
}

void ArrayRows::clear() {
  for (Array& column : columns_) column.clear();
}

std::size_t ArrayRows::bytes() const noexcept {
  std::size_t sum = 0;
  for (const Array& column : columns_) sum += column.bytes();
  return sum;
}

void ArrayRows::add_to(Params& params) const {
  for (const Array& column : columns_) params.array(column);
}

}  // namespace dynamite::pg
