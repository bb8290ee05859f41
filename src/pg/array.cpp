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
constexpr std::array kOids{Oids{25, 1009},   Oids{1184, 1185}, Oids{1700, 1231}, Oids{16, 1000},
                           Oids{17, 1001},   Oids{20, 1016},   Oids{23, 1007},   Oids{701, 1022},
                           Oids{1082, 1182}, Oids{2950, 2951}};

constexpr const Oids& oids(ElementType type) { return kOids.at(static_cast<std::size_t>(type)); }

}  // namespace

// Dimensions, whether there are NULLs, the element's type; of the dimension: size, first index.
void append_array_header(std::string& out, ElementType type, std::size_t size) {
  for (const std::int32_t word : {1, 0, oids(type).element, static_cast<std::int32_t>(size), 1})
    append_big_endian(out, word);
}

Array::Array(ElementType type) : type_{type} { clear(); }

std::uint32_t Array::type_oid() const noexcept { return oids(type_).array; }

void Array::clear() {
  wire_.clear();
  size_ = 0;
  append_array_header(wire_, type_, 0);
}

void Array::append(std::string_view text) { add(static_cast<std::int32_t>(text.size())) += text; }

void Array::append(const Decimal& numeric) {
  begin();
  append_numeric(wire_, numeric);
  end();
}

void Array::append_timestamp(std::int64_t micros) {
  pg::append_timestamp(add(sizeof micros), micros);
}

void Array::append_null() {
  add(-1);
  store_int32(wire_, kHasNullAt, 1);
}

std::string& Array::add(std::int32_t bytes) {
  element_ = wire_.size();
  append_big_endian(wire_, bytes);
  count_element();
  return wire_;
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
