#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynamite::pg {

/// A text[] parameter in PostgreSQL's binary format, built in place: elements are appended behind
/// each other in one buffer. Layout: PostgreSQL arrayfuncs.c, array_recv.
class TextArray {
 public:
  TextArray();

  void append(std::string_view element);
  void append_null();

  /// Begins an element whose bytes the caller appends to buffer(); end() closes it, undo() drops
  /// it.
  void begin();
  std::string& buffer() noexcept { return wire_; }
  void end();
  void undo();

  void clear();
  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return wire_.size(); }

  /// The parameter's value. A view into this array.
  std::string_view wire() const noexcept { return wire_; }

 private:
  void append_int32(std::int32_t value);
  void store_int32(std::size_t at, std::int32_t value);
  void count_element();

  std::string wire_;
  std::size_t element_ = 0;  // where the open element's length stands
  std::size_t size_ = 0;
};

}  // namespace dynamite::pg
