#include "pg/copy_rows.hpp"

#include "pg/binary.hpp"

namespace dynamite::pg {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "PGCOPY\n\377\r\n\0"sv;
constexpr std::int16_t kTrailer = -1;
constexpr char kJsonbVersion = 1;

void append_numeric_value(std::string& out, const Decimal& value) {
  const std::size_t length = begin_value(out);
  append_numeric(out, value);
  end_value(out, length);
}

}  // namespace

CopyRows::CopyRows() {
  data_ = kSignature;
  append_big_endian(data_, std::int32_t{0});  // flags
  append_big_endian(data_, std::int32_t{0});  // length of the header's extension
}

void CopyRows::begin_row(std::int16_t fields) {
  row_ = data_.size();
  append_big_endian(data_, fields);
  ++rows_;
}

void CopyRows::undo_row() {
  data_.resize(row_);
  --rows_;
}

void CopyRows::null() { add(-1); }

void CopyRows::numeric(const Decimal& value) { append_numeric_value(data_, value); }

void CopyRows::text_array(std::span<const std::string_view> values) {
  append_array(values, ElementType::text);
}

void CopyRows::bytea_array(std::span<const std::string_view> values) {
  append_array(values, ElementType::bytea);
}

void CopyRows::numeric_array(std::span<const Decimal> values) {
  const std::size_t field = begin_value(data_);
  append_array_header(data_, ElementType::numeric, values.size());
  for (const Decimal& value : values) append_numeric_value(data_, value);
  end_value(data_, field);
}

std::string& CopyRows::begin_json() {
  field_ = begin_value(data_);
  data_ += kJsonbVersion;
  return data_;
}

void CopyRows::end_json() { end_value(data_, field_); }

std::string& CopyRows::add(std::int32_t bytes) {
  append_big_endian(data_, bytes);
  return data_;
}

void CopyRows::append_array(std::span<const std::string_view> values, ElementType type) {
  const std::size_t field = begin_value(data_);
  append_array_header(data_, type, values.size());
  for (const std::string_view value : values) add(static_cast<std::int32_t>(value.size())) += value;
  end_value(data_, field);
}

void CopyRows::finish() { append_big_endian(data_, kTrailer); }

}  // namespace dynamite::pg
