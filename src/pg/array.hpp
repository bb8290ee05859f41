#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pg/binary.hpp"

namespace dynamite::pg {

enum class ElementType {
  text,
  timestamptz,
  numeric,
  boolean,
  bytea,
  bigint,
  integer,
  double_precision,
  date,
  uuid,
};

/// What stands before the elements of an array that has one dimension.
void append_array_header(std::string& out, ElementType type, std::size_t size);

/// An array parameter in PostgreSQL's binary format, built in place: elements are appended behind
/// each other in one buffer. Layout: PostgreSQL arrayfuncs.c, array_recv.
class Array {
 public:
  explicit Array(ElementType type = ElementType::text);

  void append(std::string_view text);
  void append(const Decimal& numeric);
  void append_timestamp(std::int64_t micros);  ///< microseconds since 1970
  void append_null();

  /// Adds an element of `bytes` bytes, all of which the caller appends to the string that is
  /// returned.
  std::string& add(std::int32_t bytes);

  /// Begins an element whose bytes the caller appends to buffer(); end() closes it, undo() drops
  /// it.
  void begin();
  std::string& buffer() noexcept { return wire_; }
  void end();
  void undo();

  /// Drops the element that was appended last, once.
  void drop_last();

  void clear();
  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return wire_.size(); }

  std::uint32_t type_oid() const noexcept;  ///< of the array
  /// The parameter's value. A view into this array.
  std::string_view wire() const noexcept { return wire_; }

 private:
  void count_element();

  ElementType type_;
  std::string wire_;
  std::size_t element_ = 0;  // where the length of the last element stands
  std::size_t size_ = 0;
};

}  // namespace dynamite::pg
