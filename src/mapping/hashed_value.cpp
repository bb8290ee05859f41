#include "mapping/hashed_value.hpp"

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "core/number.hpp"
#include "json/item_key.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"
#include "layout/image_transcoder.hpp"

namespace dynamite {
namespace {

bool is_set(std::string_view type) { return type == "SS" || type == "NS" || type == "BS"; }

std::string_view take_boolean(JsonScanner& scanner) {
  const std::string_view literal = scanner.literal();
  if (literal != "true" && literal != "false")
    throw Error{Error::Kind::poison, "another value than true or false"};
  return literal;
}

void take_null(JsonScanner& scanner) {
  if (scanner.literal() != "true")
    throw Error{Error::Kind::poison, "another value than true of type NULL"};
}

/// The bytes of a scalar that are hashed.
std::string take_bytes(JsonScanner& scanner, std::string_view type) {
  if (type == "BOOL") return std::string{take_boolean(scanner)};
  if (type != "S" && type != "N" && type != "B")
    throw Error{Error::Kind::poison, shown_type(type) + ", which DynamoDB does not have"};
  std::string text;
  append_unescaped(text, scanner.string());
  if (type == "S") return text;
  std::string bytes;
  if (type == "N")
    append_canonical_number(bytes, text);
  else
    append_base64_decoded(bytes, text);
  return bytes;
}

std::string hashed_set(JsonScanner& scanner, std::string_view type, const HashKey& key) {
  std::vector<std::string> digests;
  for (const SetMember& member : read_set(scanner, type))
    digests.push_back(key.digest(type == "SS" ? member.text : member.order));
  std::ranges::sort(digests);
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  JsonArray array;
  for (const std::string& digest : digests) array.text(digest);
  return array.finish();
}

}  // namespace

void append_hashed(std::string& out, JsonScanner& scanner, std::string_view type,
                   const HashKey& key) {
  if (type == "NULL") {
    take_null(scanner);
    out += R"({"NULL":true})";
  } else if (is_set(type)) {
    out.append(R"({"SS":)").append(hashed_set(scanner, type, key)).append(1, '}');
  } else {
    out.append(R"({"S":")").append(key.digest(take_bytes(scanner, type))).append("\"}");
  }
}

}  // namespace dynamite
