#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// DynamoDB's types of attribute values.
enum class ValueType : std::uint8_t { S, N, B, BOOL, null, L, M, SS, NS, BS };

/// "NULL"
std::string_view name_of(ValueType type) noexcept;
std::optional<ValueType> value_type_named(std::string_view name) noexcept;

/// An attribute value. The bytes: of S UTF-8, of N the canonical number (core/number.hpp), of B
/// the bytes, of BOOL `true` or `false`, of NULL `true`. A list, map or set is the JSON that stands
/// behind its type.
struct Value {
  ValueType type = ValueType::null;
  std::string_view bytes{};
};

/// The value that `raw`, `{"S":"…"}`, says. It views `raw`, or a string that is put into `kept`. Of
/// a list, map or set only the JSON is checked. Throws Error{poison} if the value is malformed.
Value read_value(std::string_view raw, std::list<std::string>& kept);

/// Equal in type and value, whatever the order of a set's and a map's members. Throws Error{poison}
/// if a value within a list, map or set is malformed, as all below do.
bool are_equal(const Value& a, const Value& b);

/// Numbers are ordered by value; strings, by their UTF-8, and binaries by their bytes. Other
/// values, and values of different types, have no order.
std::optional<std::strong_ordering> order_of(const Value& a, const Value& b);

/// Of a string its UTF-16 code units, of a binary its bytes, of a list, map or set its members; no
/// other value has a size.
std::optional<std::size_t> size_of(const Value& value);

/// Whether `part` is within a string or binary of its type, or is a member of a set, or an element
/// of a list.
bool contains_value(const Value& whole, const Value& part);

/// Whether both are strings or both binaries, and `value` begins with `prefix`.
bool begins_with_value(const Value& value, const Value& prefix);

}  // namespace dynamite
