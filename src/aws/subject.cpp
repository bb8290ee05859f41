#include "aws/subject.hpp"

#include <simdjson.h>

namespace dynamite {
namespace {

using simdjson::dom::element;

/// The value of a text member; empty if there is none.
std::string_view text_of(element body, std::string_view name) {
  std::string_view text;
  return body[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

}  // namespace

std::string subject_of(std::string_view body) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(simdjson::padded_string{body}).get(root) != simdjson::SUCCESS) return {};
  for (const std::string_view name : {"TableName", "StreamArn", "SecretId"})
    if (const std::string_view text = text_of(root, name); !text.empty()) return std::string{text};
  // An iterator of AWS begins with its stream's ARN.
  if (const std::string_view iterator = text_of(root, "ShardIterator");
      iterator.starts_with("arn:"))
    return std::string{iterator.substr(0, iterator.find('|'))};
  simdjson::dom::object tables;
  if (root["RequestItems"].get(tables) == simdjson::SUCCESS && tables.begin() != tables.end())
    return std::string{tables.begin().key()};
  return {};
}

}  // namespace dynamite
