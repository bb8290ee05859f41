#include <simdjson.h>

#include <string>

#include "fuzz/fuzz.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"

namespace dynamite::fuzz {
namespace {

std::string unescaped(std::string_view token) {
  std::string text;
  append_unescaped(text, token);
  return text;
}

std::string base64_decoded(std::string_view text) {
  std::string bytes;
  append_base64_decoded(bytes, text);
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

/// The text that simdjson reads in a JSON string.
std::string simdjson_reads(std::string_view json) {
  simdjson::dom::parser parser;
  std::string_view text;
  const auto error = parser.parse(simdjson::padded_string{json}).get(text);
  require(error == simdjson::SUCCESS, simdjson::error_message(error));
  return std::string{text};
}

void check_token(std::string_view token) {
  std::string text;
  const bool nul = token.find("\\u0000") != std::string_view::npos;
  if (!accepts({Error::Kind::poison}, [&] { append_unescaped(text, token); })) return;
  require(token_is(token, text), "a token stands for its text");
  require(holds_nul(token) == (text.find('\0') != std::string::npos), "U+0000 is found");
  require(nul || !holds_nul(token), "U+0000 is written as an escape");
  require(has_escapes(token) || token == text, "only escapes change a token");
  if (simdjson::validate_utf8(token.data(), token.size()))
    require(simdjson_reads('"' + std::string{token} + '"') == text, "simdjson reads the same");
}

void check_text(std::string_view text) {
  const std::string json = json_string(text);
  JsonScanner scanner{json};
  require(unescaped(scanner.string()) == text, "escaped text is the same text");
  scanner.expect_end();
  require(base64_decoded(base64(text)) == text, "Base64 gives the bytes back");
}

}  // namespace

/// The inside of a JSON string, any text, and Base64.
void run(std::string_view input) {
  check_text(input);

  std::string bytes;
  const bool decoded = accepts({Error::Kind::poison}, [&] { append_base64_decoded(bytes, input); });
  require(decoded == is_base64(input), "what is Base64 is decoded");
  if (decoded) require(base64(bytes) == input, "bytes have one spelling");

  const std::string json = '"' + std::string{input} + '"';
  accepts({Error::Kind::poison}, [&] {
    JsonScanner scanner{json};
    check_token(scanner.string());
  });
}

}  // namespace dynamite::fuzz
