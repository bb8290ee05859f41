#include "aws/subject.hpp"

#include <simdjson.h>

#include "aws/json_member.hpp"

namespace dynamite {
std::string subject_of(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string{body}).get(root) != simdjson::SUCCESS) return {};
  for (const std::string_view name : {"TableName", "StreamArn", "SecretId"})
    if (std::string text = member_text(root, name); !text.empty()) return text;
  // An iterator of AWS begins with its stream's ARN.
  if (const std::string iterator = member_text(root, "ShardIterator"); iterator.starts_with("arn:"))
    return iterator.substr(0, iterator.find('|'));
  simdjson::dom::object tables;
  if (root["RequestItems"].get(tables) == simdjson::SUCCESS && tables.begin() != tables.end())
    return std::string{tables.begin().key()};
  return {};
}

}  // namespace dynamite
