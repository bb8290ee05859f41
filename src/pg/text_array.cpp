#include "pg/text_array.hpp"

#include <bit>
#include <cstring>

namespace dynamite::pg {
namespace {

constexpr std::int32_t kTextOid = 25;
constexpr std::size_t kHasNullAt = 4;
constexpr std::size_t kSizeAt = 12;

}  // namespace

TextArray::TextArray() { clear(); }

void TextArray::clear() {
  wire_.clear();
  size_ = 0;
  for (const std::int32_t word : {1, 0, kTextOid, 0, 1}) append_int32(word);
}

void TextArray::append(std::string_view element) {
  append_int32(static_cast<std::int32_t>(element.size()));
  wire_ += element;
  count_element();
}

void TextArray::append_null() {
  append_int32(-1);
  store_int32(kHasNullAt, 1);
  count_element();
}

void TextArray::begin() {
  element_ = wire_.size();
  append_int32(0);
}

void TextArray::end() {
  store_int32(element_, static_cast<std::int32_t>(wire_.size() - element_ - sizeof(std::int32_t)));
  count_element();
}

void TextArray::undo() { wire_.resize(element_); }

void TextArray::append_int32(std::int32_t value) {
  wire_.resize(wire_.size() + sizeof value);
  store_int32(wire_.size() - sizeof value, value);
}

void TextArray::store_int32(std::size_t at, std::int32_t value) {
  static_assert(std::endian::native == std::endian::little);
  const auto big_endian = __builtin_bswap32(static_cast<std::uint32_t>(value));
  std::memcpy(wire_.data() + at, &big_endian, sizeof big_endian);
}

void TextArray::count_element() { store_int32(kSizeAt, static_cast<std::int32_t>(++size_)); }

}  // namespace dynamite::pg
