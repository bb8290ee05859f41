#include "pg/array_rows.hpp"

namespace dynamite::pg {

void ArrayRows::begin_row() { column_ = 0; }

void ArrayRows::undo_row() {
  if (open_) columns_[column_].undo();
  open_ = false;
  for (std::size_t column = 0; column < column_; ++column) columns_[column].drop_last();
  column_ = 0;
}

void ArrayRows::null() { columns_[column_++].append_null(); }

std::string& ArrayRows::begin_json() {
  open_ = true;
  columns_[column_].begin();
  return columns_[column_].buffer();
}

void ArrayRows::end_json() {
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
