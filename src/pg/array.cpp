#include "pg/array.hpp"

#include <array>

namespace dynamite::pg {
namespace {

constexpr std::size_t kHasNullAt = 4;
constexpr std::size_t kSizeAt = 12;

struct Oids {
  std::int32_t element;
  std::uint32_t array;
};

/// Those of each ElementType, in its order; from PostgreSQL's pg_type.dat.
constexpr std::array kOids{Oids{25, 1009}, Oids{1184, 1185}, Oids{1700, 1231}};

constexpr const Oids& oids(ElementType type) { return kOids.at(static_cast<std::size_t>(type)); }

}  // namespace

Array::Array(ElementType type) : type_{type} { clear(); }

std::uint32_t Array::type_oid() const noexcept { return oids(type_).array; }

void Array::clear() {
  wire_.clear();
  size_ = 0;
  for (const std::int32_t word : {1, 0, oids(type_).element, 0, 1}) append_big_endian(wire_, word);
}

void Array::append(std::string_view text) {
  begin();
  wire_ += text;
  end();
}

void Array::append(const Decimal& numeric) {
  begin();
  append_numeric(wire_, numeric);
  end();
}

void Array::append_timestamp(std::int64_t micros) {
  begin();
  pg::append_timestamp(wire_, micros);
  end();
}

void Array::append_null() {
  element_ = wire_.size();
  append_big_endian(wire_, std::int32_t{-1});
  store_int32(wire_, kHasNullAt, 1);
  count_element();
}

void Array::begin() { element_ = begin_value(wire_); }

void Array::end() {
  end_value(wire_, element_);
  count_element();
}

void Array::undo() { wire_.resize(element_); }

void Array::drop_last() {
  wire_.resize(element_);
  store_int32(wire_, kSizeAt, static_cast<std::int32_t>(--size_));
}

void Array::count_element() { store_int32(wire_, kSizeAt, static_cast<std::int32_t>(++size_)); }

}  // namespace dynamite::pg
