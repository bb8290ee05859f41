#include "pg/statement.hpp"

namespace dynamite::pg {
namespace {

constexpr std::uint32_t kByteaOid = 17;
constexpr std::uint32_t kTextOid = 25;
constexpr std::uint32_t kTextArrayOid = 1009;
constexpr int kBinary = 1;

}  // namespace

Params& Params::text(std::string_view value) {
  const std::string& copy = owned_.emplace_back(value);
  return add(kTextOid, copy.data(), copy.size());
}

Params& Params::text_or_null(const std::optional<std::string>& value) {
  return value ? text(*value) : null();
}

Params& Params::number(std::int64_t value) { return text(std::to_string(value)); }

Params& Params::null() { return add(kTextOid, nullptr, 0); }

Params& Params::bytes(std::string_view value) {
  const std::string& copy = owned_.emplace_back(value);
  return add(kByteaOid, copy.data(), copy.size());
}

Params& Params::array(const TextArray& value) {
  return add(kTextArrayOid, value.wire().data(), value.wire().size());
}

Params& Params::add(std::uint32_t type, const char* value, std::size_t length) {
  types_.push_back(type);
  values_.push_back(value);
  lengths_.push_back(static_cast<int>(length));
  formats_.push_back(kBinary);
  return *this;
}

}  // namespace dynamite::pg
