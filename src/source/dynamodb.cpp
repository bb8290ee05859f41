#include "source/dynamodb.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "aws/json_member.hpp"
#include "core/arn.hpp"
#include "core/error.hpp"
#include "core/sleep.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using simdjson::dom::array;
using simdjson::dom::element;

constexpr int kPagesMax = 10'000;           // of one listing: more is a server that never ends
constexpr int kTablesPageMax = 100;         // the API's own maximum
constexpr std::size_t kBatchWriteMax = 25;  // the API's own maximum
constexpr std::size_t kBatchGetMax = 100;   // the API's own maximum
constexpr auto kUnprocessedDelay = 50ms;
constexpr auto kUnprocessedDelayMax = 5'000ms;
constexpr int kUnprocessedTurnsMax = 20;  // over a minute: the table has no capacity at all

/// An answer's JSON and the parser that holds it.
class Answer {
 public:
  explicit Answer(const std::string& body) {
    if (parser_.parse(body).get(root_) != simdjson::SUCCESS || !root_.is_object())
      throw Error{Error::Kind::transient, "DynamoDB answered something that is not a JSON object"};
  }
  element root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  element root_;
};

/// The member, which must be there: a listing that lacks its list is not an empty one.
template <class T>
T required(element object, const char* member) {
  T value{};
  if (object[member].get(value) != simdjson::SUCCESS)
    throw Error{Error::Kind::transient, fmt::format("DynamoDB's answer lacks \"{}\"", member)};
  return value;
}

std::string required_text(element object, const char* member) {
  const auto text = required<std::string_view>(object, member);
  if (text.empty())
    throw Error{Error::Kind::transient,
                fmt::format("DynamoDB's answer has an empty \"{}\"", member)};
  return std::string{text};
}

std::uint64_t number_of(element object, const char* member) {
  std::uint64_t number = 0;
  return object[member].get(number) == simdjson::SUCCESS ? number : 0;
}

KeyType key_type_of(element table, const std::string& attribute) {
  for (const element definition : required<array>(table, "AttributeDefinitions"))
    if (member_text(definition, "AttributeName") == attribute)
      return static_cast<KeyType>(required_text(definition, "AttributeType").front());
  throw Error{Error::Kind::transient, "DescribeTable's answer lacks the type of a key attribute"};
}

KeySchema key_schema_of(element table) {
  KeySchema keys;
  for (const element entry : required<array>(table, "KeySchema")) {
    const std::string name = required_text(entry, "AttributeName");
    const KeyAttribute attribute{name, key_type_of(table, name)};
    if (member_text(entry, "KeyType") == "HASH")
      keys.partition = attribute;
    else
      keys.sort = attribute;
  }
  return keys;
}

/// What later calls and the state schema need of the ARNs. Throws Error{usage}.
void check_arns(const TableDescription& table) {
  if (table_name_of(table.arn) != table.name)
    throw Error{Error::Kind::usage,
                fmt::format("the table \"{}\" has the ARN \"{}\", which is another table's",
                            table.name, table.arn)};
  if (table.latest_stream_arn.empty()) return;
  try {
    parse_stream_arn(table.latest_stream_arn);
  } catch (const Error& error) {
    throw Error{Error::Kind::usage,
                fmt::format("the stream of \"{}\": {}", table.name, error.what())};
  }
}

TableDescription table_description(element table) {
  TableDescription description{.name = required_text(table, "TableName"),
                               .arn = required_text(table, "TableArn"),
                               .status = member_text(table, "TableStatus"),
                               .key_schema = key_schema_of(table),
                               .item_count = number_of(table, "ItemCount"),
                               .size_bytes = number_of(table, "TableSizeBytes"),
                               .provisioned_read_units = std::nullopt,
                               .stream_view_type = "",
                               .latest_stream_arn = member_text(table, "LatestStreamArn")};
  element part;
  const bool on_demand = table["BillingModeSummary"].get(part) == simdjson::SUCCESS &&
                         member_text(part, "BillingMode") == "PAY_PER_REQUEST";
  if (!on_demand && table["ProvisionedThroughput"].get(part) == simdjson::SUCCESS)
    description.provisioned_read_units = number_of(part, "ReadCapacityUnits");
  // LatestStreamArn stays when a stream is switched off: only the specification tells.
  if (table["StreamSpecification"].get(part) == simdjson::SUCCESS) {
    bool enabled = false;
    description.stream_enabled = part["StreamEnabled"].get(enabled) == simdjson::SUCCESS && enabled;
    description.stream_view_type = member_text(part, "StreamViewType");
  }
  check_arns(description);
  return description;
}

ShardDescription shard_description(element shard) {
  element range;
  const bool has_range = shard["SequenceNumberRange"].get(range) == simdjson::SUCCESS;
  return {.id = required_text(shard, "ShardId"),
          .parent_id = member_text(shard, "ParentShardId"),
          .starting_sequence_number = has_range ? member_text(range, "StartingSequenceNumber") : "",
          .ending_sequence_number = has_range ? member_text(range, "EndingSequenceNumber") : ""};
}

std::string write_request(const WriteRequest& request) {
  JsonObject object;
  if (request.remove.empty())
    object.json("PutRequest", JsonObject{}.json("Item", request.put).finish());
  else
    object.json("DeleteRequest", JsonObject{}.json("Key", request.remove).finish());
  return object.finish();
}

/// What a batch left undone of `table`, as JSON; empty: nothing.
std::string unprocessed(const Answer& answer, const char* member, const std::string& table) {
  simdjson::dom::object tables;
  element rest;
  if (answer.root()[member].get(tables) != simdjson::SUCCESS ||
      tables.at_key(table).get(rest) != simdjson::SUCCESS)
    return {};
  array list;
  if (rest.get(list) == simdjson::SUCCESS && list.size() == 0) return {};
  return simdjson::minify(rest);
}

/// Calls `send` until nothing is left undone. `send` gets the requests that are left, as JSON, and
/// returns those that are left after it.
void until_processed(std::string_view operation, std::string left, const std::stop_token& stop,
                     const std::function<std::string(const std::string&)>& send) {
  std::chrono::milliseconds delay = kUnprocessedDelay;
  for (int turn = 0; turn < kUnprocessedTurnsMax; ++turn) {
    left = send(left);
    if (left.empty()) return;
    sleep_for(delay, stop);
    if (stop.stop_requested())
      throw Error{Error::Kind::transient, fmt::format("{} was stopped", operation)};
    delay = std::min<std::chrono::milliseconds>(delay * 2, kUnprocessedDelayMax);
  }
  throw Error{Error::Kind::transient,
              fmt::format("{} left items unprocessed {} times", operation, kUnprocessedTurnsMax)};
}

std::string attribute_definition(const KeyAttribute& attribute) {
  const char type = static_cast<char>(attribute.type);
  return JsonObject{}
      .text("AttributeName", attribute.name)
      .text("AttributeType", {&type, 1})
      .finish();
}

std::string key_schema_entry(const KeyAttribute& attribute, std::string_view role) {
  return JsonObject{}.text("AttributeName", attribute.name).text("KeyType", role).finish();
}

/// A request of a table, still to be filled and finished.
JsonObject request_of(const std::string& table) {
  JsonObject request;
  request.text("TableName", table);
  return request;
}

/// What is asked of the items of one table.
std::string request_items(const std::string& table, const std::string& asked) {
  return JsonObject{}.json("RequestItems", JsonObject{}.json(table, asked).finish()).finish();
}

}  // namespace

std::vector<std::string> DynamoDb::list_tables(std::stop_token stop) {
  std::vector<std::string> names;
  std::string last;
  for (int page = 0; page < kPagesMax; ++page) {
    JsonObject request;
    request.number("Limit", kTablesPageMax);
    if (!last.empty()) request.text("ExclusiveStartTableName", last);
    const Answer answer{client_.call(Service::dynamodb, "ListTables", request.finish(), stop)};
    for (const element entry : required<array>(answer.root(), "TableNames")) {
      std::string_view name;
      if (entry.get(name) != simdjson::SUCCESS)
        throw Error{Error::Kind::transient, "ListTables answered a name that is not a string"};
      names.emplace_back(name);
    }
    last = member_text(answer.root(), "LastEvaluatedTableName");
    if (last.empty()) return names;
  }
  throw Error{Error::Kind::bug, "ListTables does not end"};
}

TableDescription DynamoDb::describe_table(const std::string& name, std::stop_token stop) {
  const Answer answer{
      client_.call(Service::dynamodb, "DescribeTable", request_of(name).finish(), stop)};
  return table_description(required<element>(answer.root(), "Table"));
}

StreamDescription DynamoDb::describe_stream(const std::string& arn, std::stop_token stop) {
  StreamDescription stream;
  std::string last;
  for (int page = 0; page < kPagesMax; ++page) {
    JsonObject request;
    request.text("StreamArn", arn);
    if (!last.empty()) request.text("ExclusiveStartShardId", last);
    const Answer answer{client_.call(Service::streams, "DescribeStream", request.finish(), stop)};
    const auto description = required<element>(answer.root(), "StreamDescription");
    stream.arn = member_text(description, "StreamArn");
    stream.label = member_text(description, "StreamLabel");
    stream.status = member_text(description, "StreamStatus");
    stream.view_type = member_text(description, "StreamViewType");
    for (const element shard : required<array>(description, "Shards"))
      stream.shards.push_back(shard_description(shard));
    last = member_text(description, "LastEvaluatedShardId");
    if (last.empty()) return stream;
  }
  throw Error{Error::Kind::bug, "DescribeStream does not end"};
}

std::string DynamoDb::shard_iterator(const ShardIteratorRequest& request, std::stop_token stop) {
  JsonObject body;
  body.text("StreamArn", request.stream_arn)
      .text("ShardId", request.shard_id)
      .text("ShardIteratorType", request.type);
  if (!request.sequence_number.empty()) body.text("SequenceNumber", request.sequence_number);
  const Answer answer{client_.call(Service::streams, "GetShardIterator", body.finish(), stop)};
  return required_text(answer.root(), "ShardIterator");
}

std::string DynamoDb::get_records(const std::string& iterator, int limit, std::stop_token stop) {
  return client_.call(Service::streams, "GetRecords",
                      JsonObject{}.text("ShardIterator", iterator).number("Limit", limit).finish(),
                      stop);
}

std::string DynamoDb::scan(const ScanRequest& request, std::stop_token stop) {
  JsonObject body = request_of(request.table);
  body.flag("ConsistentRead", true)
      .text("ReturnConsumedCapacity", "TOTAL")
      .number("Segment", request.segment)
      .number("TotalSegments", request.total_segments)
      .number("Limit", request.limit);
  if (!request.exclusive_start_key.empty())
    body.json("ExclusiveStartKey", request.exclusive_start_key);
  return client_.call(Service::dynamodb, "Scan", body.finish(), stop);
}

void DynamoDb::put_item(const std::string& table, const std::string& item_json,
                        std::stop_token stop) {
  client_.call(Service::dynamodb, "PutItem", request_of(table).json("Item", item_json).finish(),
               stop);
}

void DynamoDb::delete_item(const std::string& table, const std::string& key_json,
                           std::stop_token stop) {
  client_.call(Service::dynamodb, "DeleteItem", request_of(table).json("Key", key_json).finish(),
               stop);
}

void DynamoDb::batch_write(const std::string& table, std::span<const WriteRequest> requests,
                           std::stop_token stop) {
  while (!requests.empty()) {
    const auto part = requests.first(std::min(requests.size(), kBatchWriteMax));
    requests = requests.subspan(part.size());
    write_part(table, part, stop);
  }
}

void DynamoDb::write_part(const std::string& table, std::span<const WriteRequest> part,
                          const std::stop_token& stop) {
  JsonArray list;
  for (const WriteRequest& request : part) list.json(write_request(request));
  until_processed("BatchWriteItem", list.finish(), stop, [&](const std::string& left) {
    const Answer answer{
        client_.call(Service::dynamodb, "BatchWriteItem", request_items(table, left), stop)};
    return unprocessed(answer, "UnprocessedItems", table);
  });
}

std::vector<std::string> DynamoDb::get_items(const std::string& table,
                                             std::span<const std::string> keys_json,
                                             std::stop_token stop) {
  std::vector<std::string> items;
  while (!keys_json.empty()) {
    const auto part = keys_json.first(std::min(keys_json.size(), kBatchGetMax));
    keys_json = keys_json.subspan(part.size());
    get_part(table, part, items, stop);
  }
  return items;
}

void DynamoDb::get_part(const std::string& table, std::span<const std::string> part,
                        std::vector<std::string>& items, const std::stop_token& stop) {
  JsonArray keys;
  for (const std::string& key : part) keys.json(key);
  const std::string request =
      JsonObject{}.flag("ConsistentRead", true).json("Keys", keys.finish()).finish();
  until_processed("BatchGetItem", request, stop, [&](const std::string& left) {
    const Answer answer{
        client_.call(Service::dynamodb, "BatchGetItem", request_items(table, left), stop)};
    const auto responses = required<simdjson::dom::object>(answer.root(), "Responses");
    array found;
    if (responses.at_key(table).get(found) == simdjson::SUCCESS)
      for (const element item : found) items.push_back(simdjson::minify(item));
    return unprocessed(answer, "UnprocessedKeys", table);
  });
}

void DynamoDb::create_table(const std::string& name, const KeySchema& key_schema,
                            const std::string& stream_view_type, std::stop_token stop) {
  JsonArray definitions, schema;
  definitions.json(attribute_definition(key_schema.partition));
  schema.json(key_schema_entry(key_schema.partition, "HASH"));
  if (key_schema.sort) {
    definitions.json(attribute_definition(*key_schema.sort));
    schema.json(key_schema_entry(*key_schema.sort, "RANGE"));
  }
  JsonObject request = request_of(name);
  request.json("AttributeDefinitions", definitions.finish())
      .json("KeySchema", schema.finish())
      .text("BillingMode", "PAY_PER_REQUEST");
  if (!stream_view_type.empty())
    request.json(
        "StreamSpecification",
        JsonObject{}.flag("StreamEnabled", true).text("StreamViewType", stream_view_type).finish());
  client_.call(Service::dynamodb, "CreateTable", request.finish(), stop);
}

void DynamoDb::delete_table(const std::string& name, std::stop_token stop) {
  client_.call(Service::dynamodb, "DeleteTable", request_of(name).finish(), stop);
}

}  // namespace dynamite
