#include "source/dynamodb.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "core/sleep.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using simdjson::dom::array;
using simdjson::dom::element;

constexpr int kPagesMax = 10'000;           // of one listing: more is a server that never ends
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

std::string text_of(element object, const char* member) {
  std::string_view text;
  return object[member].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
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
    if (text_of(definition, "AttributeName") == attribute)
      return static_cast<KeyType>(required_text(definition, "AttributeType").front());
  throw Error{Error::Kind::transient, "DescribeTable's answer lacks the type of a key attribute"};
}

KeySchema key_schema_of(element table) {
  KeySchema keys;
  for (const element entry : required<array>(table, "KeySchema")) {
    const std::string name = required_text(entry, "AttributeName");
    const KeyAttribute attribute{name, key_type_of(table, name)};
    if (text_of(entry, "KeyType") == "HASH")
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
                               .status = text_of(table, "TableStatus"),
                               .key_schema = key_schema_of(table),
                               .item_count = number_of(table, "ItemCount"),
                               .size_bytes = number_of(table, "TableSizeBytes"),
                               .provisioned_read_units = std::nullopt,
                               .stream_view_type = "",
                               .latest_stream_arn = text_of(table, "LatestStreamArn")};
  element part;
  const bool on_demand = table["BillingModeSummary"].get(part) == simdjson::SUCCESS &&
                         text_of(part, "BillingMode") == "PAY_PER_REQUEST";
  if (!on_demand && table["ProvisionedThroughput"].get(part) == simdjson::SUCCESS)
    description.provisioned_read_units = number_of(part, "ReadCapacityUnits");
  // LatestStreamArn stays when a stream is switched off: only the specification tells.
  if (table["StreamSpecification"].get(part) == simdjson::SUCCESS) {
    bool enabled = false;
    description.stream_enabled = part["StreamEnabled"].get(enabled) == simdjson::SUCCESS && enabled;
    description.stream_view_type = text_of(part, "StreamViewType");
  }
  check_arns(description);
  return description;
}

ShardDescription shard_description(element shard) {
  element range;
  const bool has_range = shard["SequenceNumberRange"].get(range) == simdjson::SUCCESS;
  return {.id = required_text(shard, "ShardId"),
          .parent_id = text_of(shard, "ParentShardId"),
          .starting_sequence_number = has_range ? text_of(range, "StartingSequenceNumber") : "",
          .ending_sequence_number = has_range ? text_of(range, "EndingSequenceNumber") : ""};
}

std::string write_request(const WriteRequest& request) {
  return request.remove.empty()
             ? fmt::format(R"({{"PutRequest":{{"Item":{}}}}})", request.put)
             : fmt::format(R"({{"DeleteRequest":{{"Key":{}}}}})", request.remove);
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
  return fmt::format(R"({{"AttributeName":{},"AttributeType":"{}"}})", json_string(attribute.name),
                     static_cast<char>(attribute.type));
}

std::string key_schema_entry(const KeyAttribute& attribute, std::string_view role) {
  return fmt::format(R"({{"AttributeName":{},"KeyType":"{}"}})", json_string(attribute.name), role);
}

std::string table_member(const std::string& name) { return "\"TableName\":" + json_string(name); }

}  // namespace

std::vector<std::string> DynamoDb::list_tables(std::stop_token stop) {
  std::vector<std::string> names;
  std::string last;
  for (int page = 0; page < kPagesMax; ++page) {
    const std::string start =
        last.empty() ? "" : ",\"ExclusiveStartTableName\":" + json_string(last);
    const Answer answer{
        client_.call(Service::dynamodb, "ListTables", "{\"Limit\":100" + start + "}", stop)};
    for (const element entry : required<array>(answer.root(), "TableNames")) {
      std::string_view name;
      if (entry.get(name) != simdjson::SUCCESS)
        throw Error{Error::Kind::transient, "ListTables answered a name that is not a string"};
      names.emplace_back(name);
    }
    last = text_of(answer.root(), "LastEvaluatedTableName");
    if (last.empty()) return names;
  }
  throw Error{Error::Kind::bug, "ListTables does not end"};
}

TableDescription DynamoDb::describe_table(const std::string& name, std::stop_token stop) {
  const Answer answer{
      client_.call(Service::dynamodb, "DescribeTable", "{" + table_member(name) + "}", stop)};
  return table_description(required<element>(answer.root(), "Table"));
}

StreamDescription DynamoDb::describe_stream(const std::string& arn, std::stop_token stop) {
  StreamDescription stream;
  std::string last;
  for (int page = 0; page < kPagesMax; ++page) {
    const std::string start = last.empty() ? "" : ",\"ExclusiveStartShardId\":" + json_string(last);
    const Answer answer{client_.call(Service::streams, "DescribeStream",
                                     "{\"StreamArn\":" + json_string(arn) + start + "}", stop)};
    const auto description = required<element>(answer.root(), "StreamDescription");
    stream.arn = text_of(description, "StreamArn");
    stream.label = text_of(description, "StreamLabel");
    stream.status = text_of(description, "StreamStatus");
    stream.view_type = text_of(description, "StreamViewType");
    for (const element shard : required<array>(description, "Shards"))
      stream.shards.push_back(shard_description(shard));
    last = text_of(description, "LastEvaluatedShardId");
    if (last.empty()) return stream;
  }
  throw Error{Error::Kind::bug, "DescribeStream does not end"};
}

std::string DynamoDb::shard_iterator(const ShardIteratorRequest& request, std::stop_token stop) {
  const std::string where = request.sequence_number.empty()
                                ? ""
                                : ",\"SequenceNumber\":" + json_string(request.sequence_number);
  const Answer answer{
      client_.call(Service::streams, "GetShardIterator",
                   fmt::format(R"({{"StreamArn":{},"ShardId":{},"ShardIteratorType":{}{}}})",
                               json_string(request.stream_arn), json_string(request.shard_id),
                               json_string(request.type), where),
                   stop)};
  return required_text(answer.root(), "ShardIterator");
}

std::string DynamoDb::get_records(const std::string& iterator, int limit, std::stop_token stop) {
  return client_.call(
      Service::streams, "GetRecords",
      fmt::format(R"({{"ShardIterator":{},"Limit":{}}})", json_string(iterator), limit), stop);
}

std::string DynamoDb::scan(const ScanRequest& request, std::stop_token stop) {
  const std::string start = request.exclusive_start_key.empty()
                                ? ""
                                : ",\"ExclusiveStartKey\":" + request.exclusive_start_key;
  return client_.call(Service::dynamodb, "Scan",
                      fmt::format(R"({{{},"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL",)"
                                  R"("Segment":{},"TotalSegments":{},"Limit":{}{}}})",
                                  table_member(request.table), request.segment,
                                  request.total_segments, request.limit, start),
                      stop);
}

void DynamoDb::put_item(const std::string& table, const std::string& item_json,
                        std::stop_token stop) {
  client_.call(Service::dynamodb, "PutItem",
               fmt::format(R"({{{},"Item":{}}})", table_member(table), item_json), stop);
}

void DynamoDb::delete_item(const std::string& table, const std::string& key_json,
                           std::stop_token stop) {
  client_.call(Service::dynamodb, "DeleteItem",
               fmt::format(R"({{{},"Key":{}}})", table_member(table), key_json), stop);
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
  std::string list = "[";
  for (const WriteRequest& request : part)
    list += (list.size() > 1 ? "," : "") + write_request(request);
  list += "]";
  until_processed("BatchWriteItem", std::move(list), stop, [&](const std::string& left) {
    const std::string body =
        fmt::format(R"({{"RequestItems":{{{}:{}}}}})", json_string(table), left);
    return unprocessed(Answer{client_.call(Service::dynamodb, "BatchWriteItem", body, stop)},
                       "UnprocessedItems", table);
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
  const std::string request =
      fmt::format(R"({{"ConsistentRead":true,"Keys":[{}]}})", fmt::join(part, ","));
  until_processed("BatchGetItem", request, stop, [&](const std::string& left) {
    const std::string body =
        fmt::format(R"({{"RequestItems":{{{}:{}}}}})", json_string(table), left);
    const Answer answer{client_.call(Service::dynamodb, "BatchGetItem", body, stop)};
    const auto responses = required<simdjson::dom::object>(answer.root(), "Responses");
    array found;
    if (responses.at_key(table).get(found) == simdjson::SUCCESS)
      for (const element item : found) items.push_back(simdjson::minify(item));
    return unprocessed(answer, "UnprocessedKeys", table);
  });
}

void DynamoDb::create_table(const std::string& name, const KeySchema& key_schema,
                            const std::string& stream_view_type, std::stop_token stop) {
  std::string definitions = attribute_definition(key_schema.partition);
  std::string schema = key_schema_entry(key_schema.partition, "HASH");
  if (key_schema.sort) {
    definitions += "," + attribute_definition(*key_schema.sort);
    schema += "," + key_schema_entry(*key_schema.sort, "RANGE");
  }
  const std::string stream =
      stream_view_type.empty()
          ? ""
          : fmt::format(R"(,"StreamSpecification":{{"StreamEnabled":true,"StreamViewType":{}}})",
                        json_string(stream_view_type));
  client_.call(Service::dynamodb, "CreateTable",
               fmt::format(R"({{{},"AttributeDefinitions":[{}],"KeySchema":[{}],)"
                           R"("BillingMode":"PAY_PER_REQUEST"{}}})",
                           table_member(name), definitions, schema, stream),
               stop);
}

void DynamoDb::delete_table(const std::string& name, std::stop_token stop) {
  client_.call(Service::dynamodb, "DeleteTable", "{" + table_member(name) + "}", stop);
}

}  // namespace dynamite
