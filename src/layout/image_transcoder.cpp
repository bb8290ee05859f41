#include "layout/image_transcoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/key.hpp"
#include "core/number.hpp"
#include "json/item_key.hpp"
#include "json/text.hpp"
#include "layout/json_pointer.hpp"

namespace dynamite {
namespace {

[[noreturn]] void fail(const std::string& why) { throw Error{Error::Kind::poison, why}; }

}  // namespace

ImageTranscoder::ImageTranscoder(std::string& types, std::string_view image, const ImageKey* key)
    : types_{types}, image_{image}, scanner_{image} {
  if (key == nullptr) return;
  const KeyParts parts = split_key(key->canonical);
  key_[0] = {.attribute = &key->schema.partition, .bytes = parts.parts[0]};
  if (key->schema.sort) key_[1] = {.attribute = &*key->schema.sort, .bytes = parts.parts[1]};
}

void ImageTranscoder::write_value(JsonOutput& to) {
  out_.swap(to);
  write_value();
  out_.swap(to);
}

void ImageTranscoder::write_item(std::string& item) {
  JsonOutput out{item, image_};
  out_.swap(out);
  bool first = true;
  out_.put('{');
  run([&](std::string_view name) {
    if (!first) out_.put(',');
    first = false;
    write_raw(name);
    out_.put(':');
    write_value();
  });
  out_.put('}');
  out_.finish();
}

void ImageTranscoder::rethrow_with_place(const Error& error) const {
  if (error.kind() != Error::Kind::poison || steps_ == 0) throw;
  throw Error{Error::Kind::poison,
              fmt::format("attribute \"{}\"{}: {}", place(), type_shown_, error.what())};
}

void ImageTranscoder::finish() {
  for (const KeyPart& part : key_)
    if (part.attribute != nullptr && !part.found)
      throw Error{Error::Kind::poison,
                  fmt::format("the image has no key attribute \"{}\"", part.attribute->name)};
  if (typed_) types_ += '}';
}

void ImageTranscoder::enter(Step step) {
  if (steps_ == kStepsMax) fail("nests beyond 64 levels");
  path_[steps_++] = step;
}

/// The next string unescaped, valid until the next call.
std::string_view ImageTranscoder::plain_string() {
  const std::string_view token = scanner_.string();
  if (!scanner_.string_has_escapes()) return token;
  buffer_.clear();
  append_unescaped(buffer_, token);
  return buffer_;
}

void ImageTranscoder::write_attributes() {
  NameFilter names;
  bool suspicious = false;
  bool first = true;
  scanner_.peek();
  const char* const begin = scanner_.position();
  out_.put('{');
  scan_object(scanner_, [&](std::string_view name) {
    if (!first) out_.put(',');
    first = false;
    suspicious |= may_be_there_twice(name, names);
    write_raw(name);
    out_.put(':');
    enter({.name = name});
    write_value();
    leave();
  });
  out_.put('}');
  if (suspicious) check_names(begin);
}

void ImageTranscoder::hold_against_key(std::string_view name, std::string_view value) {
  for (KeyPart& part : key_) {
    if (part.attribute == nullptr || !token_is(name, part.attribute->name)) continue;
    if (!key_part_equals(value, *part.attribute, part.bytes))
      fail("a part of the key, but another value than in the record's Keys");
    part.found = true;
  }
}

/// `address.lines[2]`
std::string ImageTranscoder::place() const {
  std::string text;
  for (std::size_t i = 0; i < steps_; ++i) {
    if (path_[i].name.data() == nullptr) {
      text += fmt::format("[{}]", path_[i].index);
      continue;
    }
    if (i > 0) text += '.';
    append_unescaped(text, path_[i].name);
  }
  return text;
}

bool ImageTranscoder::may_be_there_twice(std::string_view name, NameFilter& names) {
  if (!scanner_.string_has_escapes()) return names.add(name);
  if (holds_nul(name)) fail("attribute name holds U+0000, which PostgreSQL cannot store");
  std::string text;
  append_unescaped(text, name);
  return names.add(text);
}

/// Goes over the names of the object at `object` again and compares them exactly, as NameFilter
/// does not.
void ImageTranscoder::check_names(const char* object) {
  JsonScanner again = scanner_;
  again.go_to(object);
  std::vector<std::string> names;
  scan_object(again, [&](std::string_view name) {
    append_unescaped(names.emplace_back(), name);
    again.skip_value();
  });
  if (has_duplicate(std::move(names))) fail("an attribute is there twice");
}

void ImageTranscoder::write_list() {
  type_shown_ = ", type L";
  std::size_t index = 0;
  out_.put('[');
  scan_array(scanner_, [&] {
    if (index > 0) out_.put(',');
    enter({.index = index++});
    write_value();
    leave();
  });
  out_.put(']');
}

void ImageTranscoder::write_value() {
  type_shown_ = "";
  if (const char type = scanner_.take_type_of_one_letter(); type != '\0') {
    write_one_letter(type);
  } else {
    write_type_and_value();
  }
  if (scanner_.peek() == ',') fail("more than one type, wanted one");
  scanner_.expect('}');
}

void ImageTranscoder::write_type_and_value() {
  if (const std::string_view other = json_type(scanner_.peek());
      !scanner_.take('{') && !other.empty())
    fail(fmt::format("{}, wanted an object of type and value", other));
  if (scanner_.peek() == '}') fail("no type, wanted one");
  const std::string_view type = plain_string();
  scanner_.expect(':');
  write_typed(type);
}

void ImageTranscoder::write_one_letter(char type) {
  switch (type) {
    case 'S':
      return write_string();
    case 'N':
      return write_number();
    case 'M':
      type_shown_ = ", type M";
      return write_attributes();
    case 'L':
      return write_list();
    case 'B':
      return write_binary();
    default:
      fail(shown_type({&type, 1}) + ", which DynamoDB does not have");
  }
}

void ImageTranscoder::write_typed(std::string_view type) {
  if (type.size() == 1) return write_one_letter(type.front());
  if (type == "BOOL") return write_literal(false);
  if (type == "NULL") return write_literal(true);
  for (const std::string_view set : {"SS", "NS", "BS"})
    if (type == set) return write_set(set);
  fail(shown_type(type) + ", which DynamoDB does not have");
}

void ImageTranscoder::write_string() {
  type_shown_ = ", type S";
  const std::string_view token = scanner_.string();
  if (!scanner_.string_has_escapes() || !holds_nul(token)) return write_raw(token);
  note("S:base64");
  buffer_.clear();
  append_unescaped(buffer_, token);
  write_quoted_base64(buffer_);
}

void ImageTranscoder::write_number() {
  type_shown_ = ", type N";
  const std::string_view text = plain_string();
  if (is_short_json_number(text))
    return scanner_.string_has_escapes() ? out_.append(text) : out_.append_from_image(text);
  std::string written;
  append_json_number(written, text);
  out_.append(written);
}

void ImageTranscoder::write_quoted_base64(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  out_.put('"');
  out_.append(text);
  out_.put('"');
}

void ImageTranscoder::write_binary() {
  type_shown_ = ", type B";
  const std::string_view text = plain_string();
  if (!is_base64(text)) fail("binary is not standard Base64 with padding");
  note("B");
  out_.put('"');
  out_.append(text);
  out_.put('"');
}

void ImageTranscoder::write_literal(bool is_null) {
  type_shown_ = is_null ? ", type NULL" : ", type BOOL";
  if (const char first = scanner_.peek(); first != 't' && first != 'f')
    if (const std::string_view other = json_type(first); !other.empty())
      fail(fmt::format("{}, wanted {}", other, is_null ? "true" : "true or false"));
  const std::string_view literal = scanner_.literal();
  if (is_null ? literal != "true" : literal != "true" && literal != "false")
    fail(fmt::format("{}, wanted {}", json_type(literal.front()),
                     is_null ? "true" : "true or false"));
  out_.append(is_null ? "null" : literal);
}

void ImageTranscoder::write_set(std::string_view type) {
  type_shown_ = type == "SS" ? ", type SS" : type == "NS" ? ", type NS" : ", type BS";
  note(type);
  std::size_t index = 0;
  out_.put('[');
  for (const SetMember& member : read_set(scanner_, type)) {
    if (index > 0) out_.put(',');
    write_set_member(type, member.text, index++);
  }
  out_.put(']');
}

void ImageTranscoder::write_set_member(std::string_view type, const std::string& text,
                                       std::size_t index) {
  std::string written;
  if (type == "NS") {
    append_json_number(written, text);
    return out_.append(written);
  }
  if (text.find('\0') != std::string::npos) {
    path_[steps_++] = {.name = {}, .index = index};
    note("S:base64");
    leave();
    return write_quoted_base64(text);
  }
  append_escaped(written, text);
  out_.put('"');
  out_.append(written);
  out_.put('"');
}

/// Says in `types` that the value at the present path is of `type`.
void ImageTranscoder::note(std::string_view type) {
  types_ += typed_ ? "," : "{";
  typed_ = true;
  std::string pointer;
  for (std::size_t i = 0; i < steps_; ++i) {
    pointer += '/';
    const Step& step = path_[i];
    if (step.name.data() == nullptr) {
      pointer += std::to_string(step.index);
      continue;
    }
    std::string name;
    append_unescaped(name, step.name);
    append_pointer_step(pointer, name);
  }
  types_ += '"';
  append_escaped(types_, pointer);
  types_ += "\":\"";
  types_ += type;
  types_ += '"';
}

std::vector<SetMember> read_set(JsonScanner& scanner, std::string_view type) {
  std::vector<SetMember> members;
  scan_array(scanner, [&] {
    SetMember& member = members.emplace_back();
    append_unescaped(member.text, scanner.string());
    if (type == "NS") append_canonical_number(member.order, member.text);
    if (type == "BS") append_base64_decoded(member.order, member.text);
  });
  if (type == "SS")
    std::ranges::sort(members, {}, &SetMember::text);
  else if (type == "BS")
    std::ranges::sort(members, {}, &SetMember::order);
  else
    std::ranges::sort(members, [](const SetMember& a, const SetMember& b) {
      return compare_canonical_numbers(a.order, b.order) < 0;
    });
  return members;
}

}  // namespace dynamite
