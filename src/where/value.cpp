#include "where/value.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/key.hpp"
#include "core/number.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "layout/image_transcoder.hpp"
#include "layout/typed_value.hpp"

namespace dynamite {
namespace {

/// By the order of ValueType.
constexpr std::array<std::string_view, 10> kTypeNames{"S", "N", "B",  "BOOL", "NULL",
                                                      "L", "M", "SS", "NS",   "BS"};

[[noreturn]] void fail(const std::string& why) {
  throw Error{Error::Kind::poison, "attribute value " + why};
}

std::string_view take_text(JsonScanner& scanner, std::list<std::string>& kept) {
  if (scanner.peek() != '"') fail("is no string");
  const std::string_view token = scanner.string();
  if (!scanner.string_has_escapes()) return token;
  append_unescaped(kept.emplace_back(), token);
  return kept.back();
}

std::string_view take_number(JsonScanner& scanner, std::list<std::string>& kept) {
  const std::string_view text = take_text(scanner, kept);
  std::string& canonical = kept.emplace_back();
  append_canonical_number(canonical, text);
  return canonical;
}

std::string_view take_binary(JsonScanner& scanner, std::list<std::string>& kept) {
  const std::string_view text = take_text(scanner, kept);
  std::string& bytes = kept.emplace_back();
  append_base64_decoded(bytes, text);
  return bytes;
}

std::string_view take_literal(JsonScanner& scanner, ValueType type) {
  const std::string_view literal = scanner.literal();
  const bool fits = literal == "true" || (literal == "false" && type == ValueType::BOOL);
  if (!fits) fail("of type " + std::string{name_of(type)} + " is none");
  return literal;
}

std::string_view take_json(JsonScanner& scanner, char bracket) {
  if (scanner.peek() != bracket) fail("is no list, map or set as its type says");
  return scanner.skip_value();
}

std::string_view take_bytes(JsonScanner& scanner, ValueType type, std::list<std::string>& kept) {
  switch (type) {
    case ValueType::S:
      return take_text(scanner, kept);
    case ValueType::N:
      return take_number(scanner, kept);
    case ValueType::B:
      return take_binary(scanner, kept);
    case ValueType::BOOL:
    case ValueType::null:
      return take_literal(scanner, type);
    case ValueType::M:
      return take_json(scanner, '{');
    case ValueType::L:
    case ValueType::SS:
    case ValueType::NS:
    case ValueType::BS:
      return take_json(scanner, '[');
  }
  throw Error{Error::Kind::bug, "attribute value has no type"};
}

std::optional<ValueType> type_of_token(std::string_view token) {
  if (!has_escapes(token)) return value_type_named(token);
  std::string name;
  append_unescaped(name, token);
  return value_type_named(name);
}

Value take_value(JsonScanner& scanner, std::list<std::string>& kept) {
  const auto type = type_of_token(take_type(scanner));
  if (!type) fail("has an unknown type");
  const Value value{.type = *type, .bytes = take_bytes(scanner, *type, kept)};
  scanner.expect('}');
  return value;
}

bool is_set(ValueType type) noexcept {
  return type == ValueType::SS || type == ValueType::NS || type == ValueType::BS;
}

ValueType member_type_of(ValueType set) noexcept {
  if (set == ValueType::SS) return ValueType::S;
  return set == ValueType::NS ? ValueType::N : ValueType::B;
}

std::vector<std::string> sorted_members(const Value& set) {
  JsonScanner scanner{set.bytes};
  std::vector<std::string> members;
  for (SetMember& member : read_set(scanner, name_of(set.type)))
    members.push_back(std::move(set.type == ValueType::SS ? member.text : member.order));
  return members;
}

void append_form(std::string& out, const Value& value);

void append_list_form(std::string& out, const Value& list) {
  JsonScanner scanner{list.bytes};
  scan_array(scanner, [&] {
    std::list<std::string> kept;
    append_form(out, take_value(scanner, kept));
  });
}

void append_map_form(std::string& out, const Value& map) {
  JsonScanner scanner{map.bytes};
  std::vector<std::pair<std::string, std::string>> members;
  scan_object(scanner, [&](std::string_view token) {
    auto& [name, form] = members.emplace_back();
    append_unescaped(name, token);
    std::list<std::string> kept;
    append_form(form, take_value(scanner, kept));
  });
  std::ranges::sort(members);
  for (const auto& [name, form] : members) {
    append_key_part(out, name);
    out += form;
  }
}

/// Equal values, and no others, have equal forms: the type, then bytes behind their length, or the
/// members' forms up to an end mark, which begins neither a form nor a length.
void append_form(std::string& out, const Value& value) {
  constexpr char kEnd = '\xFF';
  out += static_cast<char>(value.type);
  if (value.type == ValueType::L) {
    append_list_form(out, value);
  } else if (value.type == ValueType::M) {
    append_map_form(out, value);
  } else if (is_set(value.type)) {
    for (const std::string& member : sorted_members(value)) append_key_part(out, member);
  } else {
    return append_key_part(out, value.bytes);
  }
  out += kEnd;
}

bool is_scalar(ValueType type) noexcept {
  return type != ValueType::L && type != ValueType::M && !is_set(type);
}

std::size_t utf16_units(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0U) == 0x80U;
    const bool is_beyond_16_bits = byte >= 0xF0U;
    units += (continues ? 0U : 1U) + (is_beyond_16_bits ? 1U : 0U);
  }
  return units;
}

bool is_text(ValueType type) noexcept { return type == ValueType::S || type == ValueType::B; }

bool has_element(const Value& list, const Value& wanted) {
  bool found = false;
  JsonScanner scanner{list.bytes};
  scan_array(scanner, [&] {
    std::list<std::string> kept;
    const Value element = take_value(scanner, kept);
    found = found || are_equal(element, wanted);
  });
  return found;
}

}  // namespace

std::string_view name_of(ValueType type) noexcept {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<ValueType> value_type_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kTypeNames, name);
  if (found == kTypeNames.end()) return {};
  return static_cast<ValueType>(found - kTypeNames.begin());
}

Value read_value(std::string_view raw, std::list<std::string>& kept) {
  JsonScanner scanner{raw};
  const Value value = take_value(scanner, kept);
  scanner.expect_end();
  return value;
}

bool are_equal(const Value& a, const Value& b) {
  if (a.type != b.type) return false;
  if (is_scalar(a.type)) return a.bytes == b.bytes;
  std::string form_of_a;
  std::string form_of_b;
  append_form(form_of_a, a);
  append_form(form_of_b, b);
  return form_of_a == form_of_b;
}

std::optional<std::strong_ordering> order_of(const Value& a, const Value& b) {
  if (a.type != b.type) return {};
  if (is_text(a.type)) return a.bytes <=> b.bytes;
  if (a.type == ValueType::N) return compare_canonical_numbers(a.bytes, b.bytes);
  return {};
}

std::optional<std::size_t> size_of(const Value& value) {
  if (value.type == ValueType::S) return utf16_units(value.bytes);
  if (value.type == ValueType::B) return value.bytes.size();
  if (is_scalar(value.type)) return {};
  std::size_t members = 0;
  JsonScanner scanner{value.bytes};
  const auto count = [&] {
    scanner.skip_value();
    ++members;
  };
  if (value.type == ValueType::M)
    scan_object(scanner, [&](std::string_view) { count(); });
  else
    scan_array(scanner, count);
  return members;
}

bool contains_value(const Value& whole, const Value& part) {
  if (is_text(whole.type))
    return part.type == whole.type && whole.bytes.find(part.bytes) != std::string_view::npos;
  if (is_set(whole.type))
    return part.type == member_type_of(whole.type) &&
           std::ranges::count(sorted_members(whole), part.bytes) > 0;
  return whole.type == ValueType::L && has_element(whole, part);
}

bool begins_with_value(const Value& value, const Value& prefix) {
  return is_text(value.type) && prefix.type == value.type && value.bytes.starts_with(prefix.bytes);
}

}  // namespace dynamite
