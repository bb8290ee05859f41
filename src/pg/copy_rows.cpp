#include "pg/copy_rows.hpp"

#include <algorithm>
#include <charconv>

#include "core/error.hpp"
#include "pg/binary.hpp"

namespace dynamite::pg {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "PGCOPY\n\377\r\n\0"sv;
constexpr std::int16_t kTrailer = -1;
constexpr std::int32_t kNull = -1;
constexpr char kJsonbVersion = 1;

[[noreturn]] void fail_number() { throw Error{Error::Kind::bug, "number is not canonical"}; }

Decimal parse(std::string_view number) {
  Decimal decimal;
  if (number == "0") return decimal;
  decimal.negative = number.starts_with('-');
  if (decimal.negative) number.remove_prefix(1);
  const std::size_t e = std::min(number.find('e'), number.size());
  decimal.digits = number.substr(0, e);
  const std::string_view exponent = number.substr(std::min(e + 1, number.size()));
  const char* const end = exponent.data() + exponent.size();
  const auto [parsed, error] = std::from_chars(exponent.data(), end, decimal.exponent);
  const bool digits =
      std::ranges::all_of(decimal.digits, [](char c) { return c >= '0' && c <= '9'; });
  if (decimal.digits.empty() || !digits || error != std::errc{} || parsed != end) fail_number();
  return decimal;
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

void CopyRows::null() { append_big_endian(data_, kNull); }

void CopyRows::bytes(std::string_view bytes) {
  const std::size_t field = begin_value(data_);
  data_ += bytes;
  end_value(data_, field);
}

void CopyRows::integer(std::int32_t value) {
  const std::size_t field = begin_value(data_);
  append_big_endian(data_, value);
  end_value(data_, field);
}

void CopyRows::timestamp(std::int64_t micros) {
  const std::size_t field = begin_value(data_);
  pg::append_timestamp(data_, micros);
  end_value(data_, field);
}

std::string& CopyRows::begin_json() {
  field_ = begin_value(data_);
  data_ += kJsonbVersion;
  return data_;
}

void CopyRows::end_json() { end_value(data_, field_); }

void CopyRows::numeric(std::string_view number) {
  const std::size_t field = begin_value(data_);
  pg::append_numeric(data_, parse(number));
  end_value(data_, field);
}

void CopyRows::finish() { append_big_endian(data_, kTrailer); }

}  // namespace dynamite::pg
