#include "pg/statement.hpp"

#include "pg/binary.hpp"

namespace dynamite::pg {
namespace {

constexpr std::uint32_t kByteaOid = 17;
constexpr std::uint32_t kTextOid = 25;
constexpr std::uint32_t kTimestamptzOid = 1184;

}  // namespace

Params& Params::text(std::string_view value) {
  const std::string& copy = owned_.emplace_front(value);
  return add(kTextOid, copy.data(), copy.size());
}

Params& Params::text_or_null(const std::optional<std::string>& value) {
  return value ? text(*value) : null();
}

Params& Params::number(std::int64_t value) { return text(std::to_string(value)); }

Params& Params::timestamp(std::optional<std::int64_t> micros) {
  if (!micros) return add(kTimestamptzOid, nullptr, 0);
  std::string& value = owned_.emplace_front();
  append_timestamp(value, *micros);
  return add(kTimestamptzOid, value.data(), value.size());
}

Params& Params::null() { return add(kTextOid, nullptr, 0); }

Params& Params::bytes(std::string_view value) {
  const std::string& copy = owned_.emplace_front(value);
  return add(kByteaOid, copy.data(), copy.size());
}

Params& Params::array(const Array& value) {
  return add(value.type_oid(), value.wire().data(), value.wire().size());
}

Params& Params::add(std::uint32_t type, const char* value, std::size_t length) {
  constexpr int kBinary = 1;
  types_.push_back(type);
  values_.push_back(value);
  lengths_.push_back(static_cast<int>(length));
  formats_.push_back(kBinary);
  return *this;
}

}  // namespace dynamite::pg
