#include "support/natural_json.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "core/error.hpp"
#include "core/number.hpp"
#include "json/scanner.hpp"

namespace dynamite::test {
namespace {

using Types = std::map<std::string, std::string>;

[[noreturn]] void fail(const std::string& why) { throw Error{Error::Kind::poison, why}; }

std::string in_quotes(std::string_view text) {
  std::string json = "\"";
  append_escaped(json, text);
  return json + '"';
}

std::string read_text(JsonScanner& scanner) {
  std::string text;
  append_unescaped(text, scanner.string());
  return text;
}

std::string checked_base64(const std::string& text) {
  if (!is_base64(text)) fail("not Base64");
  return in_quotes(text);
}

std::string canonical_number(std::string_view text) {
  std::string number;
  append_canonical_number(number, text);
  return number;
}

std::string joined(std::vector<std::string> elements) {
  std::string json;
  for (const std::string& element : elements) {
    if (!json.empty()) json += ',';
    json += element;
  }
  return json;
}

std::string joined_set(std::vector<std::string> members) {
  std::ranges::sort(members);
  return "[" + joined(std::move(members)) + "]";
}

std::string typed(std::string_view type, std::string_view value) {
  return "{\"" + std::string{type} + "\":" + std::string{value} + "}";
}

/// Reads an object whose values `read` turns into text: the members sorted.
template <class Read>
std::string sorted_object(JsonScanner& scanner, Read read) {
  std::map<std::string, std::string> members;
  scan_object(scanner, [&](std::string_view token) {
    std::string name;
    append_unescaped(name, token);
    std::string value = read(name);
    if (!members.emplace(name, std::move(value)).second) fail("member is there twice");
  });
  std::vector<std::string> texts;
  for (const auto& [name, value] : members) texts.push_back(in_quotes(name) + ":" + value);
  return "{" + joined(std::move(texts)) + "}";
}

std::string canonical_value(JsonScanner& scanner);

std::string canonical_attributes(JsonScanner& scanner) {
  return sorted_object(scanner, [&](const std::string&) { return canonical_value(scanner); });
}

std::string scalar(std::string_view type, const std::string& text) {
  if (type == "N") return in_quotes(canonical_number(text));
  return type == "B" ? checked_base64(text) : in_quotes(text);
}

std::string canonical_typed(JsonScanner& scanner, const std::string& type) {
  std::vector<std::string> elements;
  if (type == "S" || type == "N" || type == "B") return scalar(type, read_text(scanner));
  if (type == "M") return canonical_attributes(scanner);
  if (type == "BOOL" || type == "NULL") return std::string{scanner.literal()};
  if (type == "L") {
    scan_array(scanner, [&] { elements.push_back(canonical_value(scanner)); });
    return "[" + joined(std::move(elements)) + "]";
  }
  if (type != "SS" && type != "NS" && type != "BS") fail("unknown type");
  scan_array(scanner, [&] { elements.push_back(scalar(type.substr(0, 1), read_text(scanner))); });
  return joined_set(std::move(elements));
}

std::string canonical_value(JsonScanner& scanner) {
  scanner.expect('{');
  const std::string type = read_text(scanner);
  scanner.expect(':');
  const std::string value = canonical_typed(scanner, type);
  scanner.expect('}');
  return typed(type, value);
}

std::string pointer_step(const std::string& name) {
  std::string step = "/";
  for (const char c : name) step += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
  return step;
}

/// Goes through natural JSON and takes from `types_` what it uses.
class Inverse {
 public:
  Inverse(std::string_view natural, Types types) : scanner_{natural}, types_{std::move(types)} {}

  std::string run() {
    std::string item = attributes("");
    scanner_.expect_end();
    if (!types_.empty()) fail("types names what is not there: " + types_.begin()->first);
    return item;
  }

 private:
  std::string attributes(const std::string& path) {
    return sorted_object(scanner_,
                         [&](const std::string& name) { return value(path + pointer_step(name)); });
  }

  std::string take_type(const std::string& path) {
    const auto entry = types_.extract(path);
    return entry.empty() ? std::string{} : entry.mapped();
  }

  std::string value(const std::string& path) {
    const std::string type = take_type(path);
    switch (scanner_.peek()) {
      case '"':
        return string(type);
      case '[':
        return array(type, path);
      case '{':
        if (!type.empty()) fail("object has a type");
        return typed("M", attributes(path));
      default:
        break;
    }
    if (!type.empty()) fail("literal has a type");
    const std::string literal{scanner_.literal()};
    if (literal == "null") return typed("NULL", "true");
    if (literal == "true" || literal == "false") return typed("BOOL", literal);
    return typed("N", in_quotes(canonical_number(literal)));
  }

  std::string string(const std::string& type) {
    const std::string text = read_text(scanner_);
    if (type.empty()) return typed("S", in_quotes(text));
    if (type == "B") return typed("B", checked_base64(text));
    return typed("S", in_quotes(from_base64(type, text)));
  }

  static std::string from_base64(const std::string& type, const std::string& text) {
    if (type != "S:base64") fail("string has type " + type);
    std::string bytes;
    append_base64_decoded(bytes, text);
    return bytes;
  }

  std::string array(const std::string& type, const std::string& path) {
    std::vector<std::string> elements;
    std::size_t index = 0;
    scan_array(scanner_, [&] {
      const std::string at = path + "/" + std::to_string(index++);
      elements.push_back(type.empty() ? value(at) : member(type, at));
    });
    if (type.empty()) return typed("L", "[" + joined(std::move(elements)) + "]");
    return typed(type, joined_set(std::move(elements)));
  }

  std::string member(const std::string& type, const std::string& path) {
    if (type == "NS") return in_quotes(canonical_number(scanner_.literal()));
    const std::string text = read_text(scanner_);
    if (type == "BS") return checked_base64(text);
    if (type != "SS") fail("array has type " + type);
    const std::string member_type = take_type(path);
    return in_quotes(member_type.empty() ? text : from_base64(member_type, text));
  }

  JsonScanner scanner_;
  Types types_;
};

Types read_types(std::string_view text) {
  Types types;
  if (text.empty()) return types;
  JsonScanner scanner{text};
  scan_object(scanner, [&](std::string_view token) {
    std::string pointer;
    append_unescaped(pointer, token);
    if (!types.emplace(pointer, read_text(scanner)).second) fail("pointer is there twice");
  });
  scanner.expect_end();
  return types;
}

}  // namespace

std::string canonical_dynamodb_json(std::string_view item) {
  JsonScanner scanner{item};
  std::string canonical = canonical_attributes(scanner);
  scanner.expect_end();
  return canonical;
}

std::string dynamodb_json_of(std::string_view natural, std::string_view types) {
  return Inverse{natural, read_types(types)}.run();
}

}  // namespace dynamite::test
