#include "json/random_item.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <string_view>

#include "core/number.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

using namespace std::string_view_literals;

// Pieces of text, and how else JSON may spell them.
struct Piece {
  std::string_view text;
  std::string_view spelling;
};

constexpr std::array kPieces{
    Piece{"a", "\\u0061"},
    Piece{"Z", {}},
    Piece{"7", {}},
    Piece{" ", {}},
    Piece{"word", {}},
    Piece{"a longer run of plain letters", {}},
    Piece{"|", {}},
    Piece{"'", {}},
    Piece{"\"", "\\u0022"},
    Piece{"\\", "\\u005C"},
    Piece{"/", "\\/"},
    Piece{"~", {}},
    Piece{"{\"S\":", {}},
    Piece{"\n", "\\n"},
    Piece{"\t", "\\t"},
    Piece{"\b", "\\b"},
    Piece{"\x01", {}},
    Piece{"\x7F", {}},
    Piece{"\xC3\xA9", "\\u00e9"},
    Piece{"e\xCC\x81", {}},
    Piece{"\xE2\x82\xAC", "\\u20AC"},
    Piece{"\xEF\xBF\xBF", "\\uffff"},
    Piece{"\xF0\x9F\x98\x80", "\\ud83d\\uDE00"},
    Piece{"\\u0000", {}},  // six characters
};

constexpr std::array kNames{
    "name"sv,
    "Name"sv,
    "S"sv,
    "N"sv,
    "M"sv,
    "item"sv,
    "_version"sv,
    "_types"sv,
    "a.b"sv,
    "a/b"sv,
    "a~b"sv,
    "~1"sv,
    "it's"sv,
    "say \"x\""sv,
    "back\\sl"sv,
    "line\nend"sv,
    "0"sv,
    "-"sv,
    "select"sv,
    "ctid"sv,
    "$path[0]"sv,
    " "sv,
    "\xC3\xA9t\xC3\xA9"sv,
    "\xF0\x9F\x98\x80"sv,
    "aws:rep:x"sv,
    "%s;--"sv,
    "created_at"sv,
    "value"sv,
};

constexpr std::array kNumbers{
    "0"sv,
    "-0"sv,
    "1"sv,
    "1.0"sv,
    "-1.50"sv,
    "007"sv,
    ".5"sv,
    "1e3"sv,
    "1E-130"sv,
    "-1E-130"sv,
    "1E+125"sv,
    "9.9999999999999999999999999999999999999E+125"sv,
    "-9.9999999999999999999999999999999999999E+125"sv,
    "12345678901234567890123456789012345678"sv,
    "0.12345678901234567890123456789012345678"sv,
    "9007199254740993"sv,
    "0.1"sv,
};

// What makes the strings of keys interesting; the number behind keeps them apart.
constexpr std::array kKeyPrefixes{
    "k"sv,
    "a|b|"sv,
    "O'Brien "sv,
    "\"q\" "sv,
    "\\"sv,
    "\xC3\xA9"sv,
    "e\xCC\x81"sv,
    "\xF0\x9F\x98\x80 "sv,
    "tab\tnew\nline "sv,
    "K"sv,
    "{1,NULL} "sv,
    "a|b"sv,
    "\x01"sv,
    "$1 %s "sv,
};

constexpr std::uint64_t kKeysOfPartition = 8;

std::string key_string(std::uint64_t number) {
  const std::string_view prefix = kKeyPrefixes[number % kKeyPrefixes.size()];
  return fmt::format("{}{}{}", prefix, number, number % 3 == 0 ? " " : "");
}

/// One of six shapes by the number, of which no two share a value.
std::string key_number_text(std::uint64_t number) {
  constexpr std::uint64_t kShapes = 6;
  switch (number % kShapes) {
    case 0:
      return fmt::format("{}", number);
    case 1:
      return fmt::format("-{}", number);
    case 2:
      return fmt::format("{}.25", number);
    case 3:
      return fmt::format("{}e-30", number);
    case 4:
      return fmt::format("{}E+100", number);
    default:
      return fmt::format("1{:037}", number);
  }
}

std::string key_bytes(std::uint64_t number) {
  constexpr std::uint64_t kFillerMax = 40;
  if (number < 256) return {static_cast<char>(number)};
  std::string bytes;
  for (std::uint64_t i = 0; i < number % kFillerMax; ++i)
    bytes += static_cast<char>(number * 7 + i * 37);
  for (unsigned shift = 64; shift > 0; shift -= 8)
    bytes += static_cast<char>(number >> (shift - 8));
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text = "\"";
  append_base64(text, bytes);
  return text + '"';
}

}  // namespace

RandomItems::RandomItems(std::uint64_t seed, RandomItemOptions options)
    : engine_{seed}, options_{options} {}

std::string RandomItems::key_value(KeyType type, std::uint64_t number) {
  switch (type) {
    case KeyType::S:
      return fmt::format(R"({{"S":{}}})", json_string(key_string(number)));
    case KeyType::N:
      return fmt::format(R"({{"N":"{}"}})", key_number_text(number));
    case KeyType::B:
      return fmt::format(R"({{"B":{}}})", base64(key_bytes(number)));
  }
  return {};
}

std::string RandomItems::key(const KeySchema& key_schema, std::uint64_t key_number) {
  const KeyAttribute& partition = key_schema.partition;
  if (!key_schema.sort)
    return fmt::format("{{{}:{}}}", json_string(partition.name),
                       key_value(partition.type, key_number));
  return fmt::format("{{{}:{},{}:{}}}", json_string(partition.name),
                     key_value(partition.type, key_number / kKeysOfPartition),
                     json_string(key_schema.sort->name),
                     key_value(key_schema.sort->type, key_number % kKeysOfPartition));
}

std::string RandomItems::item(const KeySchema& key_schema, std::uint64_t key_number) {
  std::string item = key(key_schema, key_number);
  item.pop_back();
  const auto count = below(static_cast<std::size_t>(options_.attributes_max) + 1);
  std::string attributes;
  append_attributes(attributes, static_cast<int>(count), 0, &key_schema);
  if (!attributes.empty()) item += ',' + attributes;
  return item + '}';
}

void RandomItems::append_attributes(std::string& out, int count, int depth, const KeySchema* keys) {
  std::set<std::string> taken;
  if (keys != nullptr) {
    taken.insert(keys->partition.name);
    if (keys->sort) taken.insert(keys->sort->name);
  }
  bool first = true;
  for (int i = 0; i < count; ++i) {
    const std::string attribute = name();
    if (!taken.insert(attribute).second) continue;
    if (!first) out += ',';
    first = false;
    out += spelled(attribute) + ':';
    append_value(out, depth);
  }
}

void RandomItems::append_value(std::string& out, int depth) {
  constexpr std::size_t kScalars = 7;
  constexpr std::size_t kAll = 10;
  const bool deeper = depth < options_.depth_max;
  switch (below(deeper ? kAll : kScalars)) {
    case 0:
    case 1:
      out += fmt::format(R"({{"S":{}}})", spelled(text()));
      return;
    case 2:
      out += fmt::format(R"({{"N":"{}"}})", number());
      return;
    case 3:
      out += fmt::format(R"({{"B":{}}})", base64(bytes()));
      return;
    case 4:
      out += below(2) == 0 ? R"({"BOOL":true})" : R"({"BOOL":false})";
      return;
    case 5:
      out += R"({"NULL":true})";
      return;
    case 6:
      append_set(out);
      return;
    case 7:
      append_list(out, depth + 1);
      return;
    default:
      out += R"({"M":{)";
      append_attributes(out, static_cast<int>(below(4)), depth + 1, nullptr);
      out += "}}";
  }
}

void RandomItems::append_list(std::string& out, int depth) {
  out += R"({"L":[)";
  const std::size_t count = below(4);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_value(out, depth);
  }
  out += "]}";
}

void RandomItems::append_set(std::string& out) {
  const std::size_t type = below(3);
  std::set<std::string> taken;  // by what makes members equal
  std::string members;
  for (std::size_t i = below(5) + 1; i > 0; --i) {
    const std::string member = type == 0 ? text() : type == 1 ? number() : bytes();
    std::string identity;
    if (type == 1)
      append_canonical_number(identity, member);
    else
      identity = member;
    if (!taken.insert(identity).second) continue;
    if (!members.empty()) members += ',';
    members += type == 0 ? spelled(member) : type == 1 ? json_string(member) : base64(member);
  }
  constexpr std::array kTypes{"SS", "NS", "BS"};
  out += fmt::format(R"({{"{}":[{}]}})", kTypes[type], members);
}

std::string RandomItems::text() {
  constexpr std::size_t kPiecesMax = 10;
  std::string text;
  for (std::size_t i = below(kPiecesMax); i > 0; --i) {
    if (options_.nul_characters && below(60) == 0)
      text += '\0';
    else
      text += kPieces[below(kPieces.size())].text;
  }
  return text;
}

std::string RandomItems::name() {
  const std::string_view known = kNames[below(kNames.size())];
  return below(3) == 0 ? fmt::format("{}{}", known, below(1000)) : std::string{known};
}

std::string RandomItems::bytes() {
  std::string bytes;
  for (std::size_t i = below(24); i > 0; --i) bytes += static_cast<char>(below(256));
  return bytes;
}

std::string RandomItems::number() {
  switch (below(4)) {
    case 0:
      return std::string{kNumbers[below(kNumbers.size())]};
    case 1:
      return small_number();
    case 2:
      return fmt::format("{}.{}", small_number(), digits(1 + below(9)));
    default: {
      // The exponent of the coefficient's last digit. With it the first digit stays within 1E-130
      // and 9.99E+125.
      const std::size_t count = 1 + below(38);
      const auto exponent = static_cast<int>(below(256 - count)) - 130;
      return fmt::format("{}{}E{}", below(2) == 0 ? "-" : "", digits(count), exponent);
    }
  }
}

std::string RandomItems::small_number() {
  return fmt::format("{}{}", below(3) == 0 ? "-" : "", below(1'000'000));
}

/// The first and the last are not zero.
std::string RandomItems::digits(std::size_t count) {
  std::string digits;
  for (std::size_t i = 0; i < count; ++i) {
    const bool outer = i == 0 || i + 1 == count;
    digits += static_cast<char>(outer ? '1' + below(9) : '0' + below(10));
  }
  return digits;
}

/// `text` as a JSON string, some of its characters in another of their spellings.
std::string RandomItems::spelled(const std::string& text) {
  std::string json = "\"";
  std::string_view rest{text};
  while (!rest.empty()) {
    const Piece* spelling = nullptr;
    if (below(4) == 0)
      for (const Piece& piece : kPieces)
        if (!piece.spelling.empty() && rest.starts_with(piece.text)) spelling = &piece;
    if (spelling != nullptr) {
      json += spelling->spelling;
      rest.remove_prefix(spelling->text.size());
    } else {
      append_escaped(json, rest.substr(0, 1));
      rest.remove_prefix(1);
    }
  }
  return json + '"';
}

}  // namespace dynamite
