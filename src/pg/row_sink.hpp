#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pg/binary.hpp"

namespace dynamite::pg {

/// Takes the values of one row, column by column. A value's format is that of the sink: arrays for
/// unnest (ArrayRows), or a row of COPY (CopyRows). Each value must be of its column's type.
class RowSink {
 public:
  virtual ~RowSink() = default;

  virtual void null() = 0;

  void text(std::string_view value) { append_bytes(value); }  ///< UTF-8 without U+0000
  void bytea(std::string_view value) { append_bytes(value); }
  void boolean(bool value) { add(1) += static_cast<char>(value); }
  void integer(std::int32_t value) { append_integer(value); }
  void bigint(std::int64_t value) { append_integer(value); }
  void double_precision(double value) { append_integer(std::bit_cast<std::int64_t>(value)); }
  void timestamptz(std::int64_t micros) {  ///< microseconds since 1970
    append_timestamp(add(sizeof micros), micros);
  }
  void date(std::int32_t days) { append_integer(days - kDaysTo2000); }  ///< since 1970-01-01
  void uuid(std::span<const unsigned char, 16> value) {
    add(16).append(value.begin(), value.end());
  }

  virtual void numeric(const Decimal& value) = 0;

  /// No array has a NULL.
  virtual void text_array(std::span<const std::string_view> values) = 0;
  virtual void numeric_array(std::span<const Decimal> values) = 0;
  virtual void bytea_array(std::span<const std::string_view> values) = 0;

  /// Opens a jsonb value, whose text the caller appends to the string that is returned.
  virtual std::string& begin_json() = 0;
  virtual void end_json() = 0;
  void json(std::string_view text) {
    begin_json() += text;
    end_json();
  }

 protected:
  /// Adds a value of `bytes` bytes in PostgreSQL's binary format, all of which the caller appends
  /// to the string that is returned.
  virtual std::string& add(std::int32_t bytes) = 0;

 private:
  void append_bytes(std::string_view bytes) {
    add(static_cast<std::int32_t>(bytes.size())) += bytes;
  }

  template <class Integer>
  void append_integer(Integer value) {
    append_big_endian(add(sizeof value), value);
  }
};

}  // namespace dynamite::pg
