#include "where/literal.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/number.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kWanted{"a string, a number, true, false, null, a list, a map or a set"};

bool is_sign(const Token& token) noexcept { return token.is_symbol("-") || token.is_symbol("+"); }

/// The text of a literal without members in DynamoDB's JSON.
std::string text_of(const Literal& literal) {
  return literal.type == ValueType::N ? plain_number(literal.bytes) : literal.bytes;
}

/// `{"S":"…"}`
std::string dynamodb_json(const Literal& literal) {
  const bool is_text = literal.type == ValueType::S || literal.type == ValueType::N;
  return JsonObject{}
      .json(name_of(literal.type), is_text ? json_string(text_of(literal)) : literal.bytes)
      .finish();
}

Literal take_number(Cursor& cursor) {
  const Token& first = cursor.peek();
  std::string text;
  if (is_sign(first)) text = cursor.take().text;
  if (cursor.peek().kind != Kind::number) cursor.fail_wanted("a number");
  text += cursor.take().text;
  if (!parse_dynamodb_number(text))
    cursor.fail(first, "numbers have at most 38 digits and are within 1E-130 and 9.99E+125");
  Literal number{.type = ValueType::N};
  append_canonical_number(number.bytes, text);
  return number;
}

/// Takes what stands between commas up to `end`: calls `member` for each.
template <class Member>
void take_members(Cursor& cursor, std::string_view end, Member member) {
  do {
    member();
  } while (cursor.take_symbol(","));
  cursor.expect_symbol(end);
}

Literal take_list(Cursor& cursor) {
  JsonArray list;
  if (!cursor.take_symbol("]"))
    take_members(cursor, "]", [&] { list.json(dynamodb_json(take_literal(cursor))); });
  return {.type = ValueType::L, .bytes = list.finish()};
}

Literal take_map(Cursor& cursor) {
  JsonObject map;
  std::set<std::string> names;
  const auto take_member = [&] {
    if (cursor.peek().kind != Kind::string)
      cursor.fail_wanted("the name of a member in single quotes");
    const Token& token = cursor.take();
    std::string name = token.unquoted();
    cursor.expect_symbol(":");
    map.json(name, dynamodb_json(take_literal(cursor)));
    if (!names.insert(std::move(name)).second) cursor.fail(token, "the map has this member twice");
  };
  if (!cursor.take_symbol("}")) take_members(cursor, "}", take_member);
  return {.type = ValueType::M, .bytes = map.finish()};
}

Literal take_set(Cursor& cursor) {
  JsonArray set;
  std::set<std::string> members;
  std::optional<ValueType> type;
  const auto take_member = [&] {
    const Token& token = cursor.peek();
    const bool is_number = token.kind == Kind::number || is_sign(token);
    if (!is_number && token.kind != Kind::string) cursor.fail_wanted("a string or a number");
    const Literal member = take_literal(cursor);
    if (type.value_or(member.type) != member.type)
      cursor.fail(token, "the members of a set are all strings or all numbers");
    type = member.type;
    if (!members.insert(member.bytes).second) cursor.fail(token, "the set has this member twice");
    set.text(text_of(member));
  };
  take_members(cursor, ">>", take_member);
  return {.type = type == ValueType::N ? ValueType::NS : ValueType::SS, .bytes = set.finish()};
}

Literal take_word(Cursor& cursor) {
  if (cursor.take_word("TRUE")) return {.type = ValueType::BOOL, .bytes = "true"};
  if (cursor.take_word("FALSE")) return {.type = ValueType::BOOL, .bytes = "false"};
  if (cursor.take_word("NULL")) return {.type = ValueType::null, .bytes = "true"};
  cursor.fail_wanted(kWanted);
}

}  // namespace

bool begins_literal(const Cursor& cursor) noexcept {
  const Token& next = cursor.peek();
  if (next.kind == Kind::name)
    return next.is_word("TRUE") || next.is_word("FALSE") || next.is_word("NULL");
  if (next.kind == Kind::symbol)
    return is_sign(next) || next.is_symbol("[") || next.is_symbol("{") || next.is_symbol("<<");
  return next.kind == Kind::string || next.kind == Kind::number;
}

Literal take_literal(Cursor& cursor) {
  if (cursor.peek().kind == Kind::string)
    return {.type = ValueType::S, .bytes = cursor.take().unquoted()};
  if (cursor.peek().kind == Kind::number || is_sign(cursor.peek())) return take_number(cursor);
  const Cursor::Level level{cursor};
  if (cursor.take_symbol("[")) return take_list(cursor);
  if (cursor.take_symbol("{")) return take_map(cursor);
  if (cursor.take_symbol("<<")) return take_set(cursor);
  return take_word(cursor);
}

}  // namespace dynamite
