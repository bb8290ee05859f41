#include "sim/service.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/error.hpp"
#include "json/text.hpp"
#include "sim/service_json.hpp"

namespace dynamite::sim {
namespace {

constexpr std::string_view kTables = "DynamoDB_20120810.";
constexpr std::string_view kStreams = "DynamoDBStreams_20120810.";
constexpr std::uint64_t kScanLimitMax = 1'000;

KeySchema key_schema_of(simdjson::dom::element input) {
  KeySchema schema;
  for (const auto entry : input["KeySchema"].get_array()) {
    KeyAttribute attribute{text_of(entry, "AttributeName"), KeyType::S};
    for (const auto definition : input["AttributeDefinitions"].get_array())
      if (text_of(definition, "AttributeName") == attribute.name)
        attribute.type = static_cast<KeyType>(text_of(definition, "AttributeType").at(0));
    if (text_of(entry, "KeyType") == "HASH")
      schema.partition = attribute;
    else
      schema.sort = attribute;
  }
  return schema;
}

/// Absent: the request does not speak of a stream. Empty: it wants none.
std::optional<std::string> wanted_stream(simdjson::dom::element input) {
  simdjson::dom::element wanted;
  if (input["StreamSpecification"].get(wanted) != simdjson::SUCCESS) return std::nullopt;
  bool enabled = false;
  if (wanted["StreamEnabled"].get(enabled) != simdjson::SUCCESS || !enabled) return "";
  return text_of(wanted, "StreamViewType");
}

std::string key_schema_json(const KeySchema& schema) {
  const auto entry = [](const KeyAttribute& attribute, std::string_view role) {
    return fmt::format(R"({{"AttributeName":{},"KeyType":"{}"}})", json_string(attribute.name),
                       role);
  };
  return entry(schema.partition, "HASH") + (schema.sort ? "," + entry(*schema.sort, "RANGE") : "");
}

std::string definitions_json(const KeySchema& schema) {
  const auto entry = [](const KeyAttribute& attribute) {
    return fmt::format(R"({{"AttributeName":{},"AttributeType":"{}"}})",
                       json_string(attribute.name), static_cast<char>(attribute.type));
  };
  return entry(schema.partition) + (schema.sort ? "," + entry(*schema.sort) : "");
}

}  // namespace

HttpResponse answer_of(const Refusal& refusal) {
  return {.status = refusal.status,
          .headers = {{"content-type", "application/x-amz-json-1.0"}},
          .body = fmt::format(R"({{"__type":"com.amazonaws.dynamodb.v20120810#{}","message":{}}})",
                              refusal.name, json_string(refusal.message))};
}

HttpResponse Service::handle(std::string_view target, std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element input;
  try {
    if (parser.parse(body.data(), body.size()).get(input) != simdjson::SUCCESS)
      throw Refusal{"SerializationException", "the body is not JSON"};
    for (auto& [name, table] : tables_) table.trim();
    for (Table& table : deleted_) table.trim();
    std::string answer;
    if (target.starts_with(kTables))
      answer = dispatch(target.substr(kTables.size()), input);
    else if (target.starts_with(kStreams))
      answer = dispatch_stream(target.substr(kStreams.size()), input);
    else
      throw Refusal{"UnknownOperationException", "no such service"};
    return {.status = 200,
            .headers = {{"content-type", "application/x-amz-json-1.0"}},
            .body = std::move(answer)};
  } catch (const Refusal& refusal) {
    return answer_of(refusal);
  } catch (const Error& error) {
    return answer_of({"ValidationException", error.what()});
  } catch (const simdjson::simdjson_error& error) {
    return answer_of({"ValidationException", error.what()});
  }
}

std::string Service::dispatch(std::string_view operation, Element input) {
  if (operation == "ListTables") return list_tables();
  if (operation == "CreateTable") return create_table(input);
  if (operation == "UpdateTable") return update_table(input);
  if (operation == "DeleteTable") return delete_table(input);
  if (operation == "DescribeTable") return describe(table(text_of(input, "TableName")), "Table");
  if (operation == "PutItem") return put_item(input);
  if (operation == "DeleteItem") return delete_item(input);
  if (operation == "GetItem") return get_item(input);
  if (operation == "BatchGetItem") return batch_get_item(input);
  if (operation == "BatchWriteItem") return batch_write_item(input);
  if (operation == "Scan") return scan(input);
  throw Refusal{"UnknownOperationException", "not simulated: " + std::string{operation}};
}

Table& Service::table(const std::string& name) {
  const auto found = tables_.find(name);
  if (found == tables_.end())
    throw Refusal{"ResourceNotFoundException", "Requested resource not found: Table: " + name};
  return found->second;
}

Table& Service::create_table(const std::string& name, const KeySchema& key_schema,
                             const std::string& view_type, std::size_t shards) {
  const auto [entry, fresh] = tables_.try_emplace(name, name, key_schema, chance_);
  if (!fresh) throw Refusal{"ResourceInUseException", "Table already exists: " + name};
  if (!view_type.empty()) entry->second.enable_stream(view_type, shards);
  return entry->second;
}

void Service::delete_table(const std::string& name) {
  table(name).drop();
  deleted_.push_back(std::move(tables_.extract(name).mapped()));
}

std::string Service::list_tables() const {
  std::string names;
  for (const auto& [name, table] : tables_) names += (names.empty() ? "" : ",") + json_string(name);
  return fmt::format(R"({{"TableNames":[{}]}})", names);
}

std::string Service::create_table(Element input) {
  const Table& made = create_table(text_of(input, "TableName"), key_schema_of(input),
                                   wanted_stream(input).value_or(""));
  return describe(made, "TableDescription");
}

std::string Service::update_table(Element input) {
  Table& changed = table(text_of(input, "TableName"));
  if (const auto wanted = wanted_stream(input)) {
    const bool enabled = changed.stream() != nullptr && changed.stream()->enabled();
    if (enabled == !wanted->empty())
      throw Refusal{"ValidationException", enabled ? "Table already has an enabled stream"
                                                   : "Table has no stream to disable"};
    if (enabled)
      changed.disable_stream();
    else
      changed.enable_stream(*wanted, 1);
  }
  return describe(changed, "TableDescription");
}

std::string Service::delete_table(Element input) {
  const std::string name = text_of(input, "TableName");
  const std::string answer = describe(table(name), "TableDescription");
  delete_table(name);
  return answer;
}

std::string Service::describe(const Table& table, std::string_view member) const {
  std::string stream;
  if (const Stream* newest = table.stream()) {
    if (newest->enabled())
      stream =
          fmt::format(R"(,"StreamSpecification":{{"StreamEnabled":true,"StreamViewType":"{}"}})",
                      newest->identity().view_type);
    stream += fmt::format(R"(,"LatestStreamArn":"{}","LatestStreamLabel":"{}")",
                          newest->identity().arn, newest->identity().label);
  }
  return fmt::format(
      R"({{"{}":{{"TableName":{},"TableArn":{},"TableStatus":"ACTIVE","ItemCount":{},)"
      R"("TableSizeBytes":0,"KeySchema":[{}],"AttributeDefinitions":[{}],)"
      R"("BillingModeSummary":{{"BillingMode":"PAY_PER_REQUEST"}}{}}}}})",
      member, json_string(table.name()), json_string(table.arn()), table.size(),
      key_schema_json(table.key_schema()), definitions_json(table.key_schema()), stream);
}

std::string Service::put_item(Element input) {
  table(text_of(input, "TableName")).put(json_of(input, "Item"));
  return "{}";
}

std::string Service::delete_item(Element input) {
  table(text_of(input, "TableName")).remove(json_of(input, "Key"));
  return "{}";
}

std::string Service::get_item(Element input) {
  const auto item = table(text_of(input, "TableName")).get(json_of(input, "Key"));
  return item ? "{\"Item\":" + *item + "}" : "{}";
}

std::string Service::batch_get_item(Element input) {
  std::string responses, left;
  for (const auto [name, request] : input["RequestItems"].get_object()) {
    const Table& source = table(std::string{name});
    std::vector<std::string> items, unprocessed;
    for (const Element key : request["Keys"].get_array()) {
      const std::string json = simdjson::minify(key);
      if (chance_.happens(chance_.irregularities.short_page_percent, "unprocessed key"))
        unprocessed.push_back(json);
      else if (const auto item = source.get(json))
        items.push_back(*item);
    }
    const std::string quoted = json_string(name);
    responses +=
        fmt::format("{}{}:[{}]", responses.empty() ? "" : ",", quoted, fmt::join(items, ","));
    if (!unprocessed.empty())
      left += fmt::format(R"({}{}:{{"ConsistentRead":true,"Keys":[{}]}})", left.empty() ? "" : ",",
                          quoted, fmt::join(unprocessed, ","));
  }
  return fmt::format(R"({{"Responses":{{{}}},"UnprocessedKeys":{{{}}}}})", responses, left);
}

std::string Service::batch_write_item(Element input) {
  std::string left;
  for (const auto [name, requests] : input["RequestItems"].get_object()) {
    Table& target = table(std::string{name});
    std::vector<std::string> unprocessed;
    for (const Element request : requests.get_array()) {
      Element part;
      if (chance_.happens(chance_.irregularities.short_page_percent, "unprocessed write"))
        unprocessed.push_back(simdjson::minify(request));
      else if (request["PutRequest"].get(part) == simdjson::SUCCESS)
        target.put(json_of(part, "Item"));
      else if (request["DeleteRequest"].get(part) == simdjson::SUCCESS)
        target.remove(json_of(part, "Key"));
    }
    if (!unprocessed.empty())
      left += fmt::format("{}{}:[{}]", left.empty() ? "" : ",", json_string(name),
                          fmt::join(unprocessed, ","));
  }
  return fmt::format(R"({{"UnprocessedItems":{{{}}}}})", left);
}

std::string Service::scan(Element input) {
  Table& scanned = table(text_of(input, "TableName"));
  ScanPlace place{
      .segment = static_cast<std::uint32_t>(number_of(input, "Segment", 0)),
      .total_segments = static_cast<std::uint32_t>(number_of(input, "TotalSegments", 1)),
      .exclusive_start_key = "",
      .limit = std::min(number_of(input, "Limit", kScanLimitMax), kScanLimitMax)};
  Element start;
  if (input["ExclusiveStartKey"].get(start) == simdjson::SUCCESS)
    place.exclusive_start_key = scanned.canonical_key(simdjson::minify(start));
  if (chance_.happens(chance_.irregularities.short_page_percent, "short page of a scan"))
    place.limit = 1 + chance_.below(3);
  const Table::Page page = scanned.scan(place);
  const std::string last =
      page.last_evaluated_key.empty() ? "" : ",\"LastEvaluatedKey\":" + page.last_evaluated_key;
  return fmt::format(
      R"({{"Items":[{}],"Count":{},"ScannedCount":{},"ConsumedCapacity":{{"CapacityUnits":{}.0}}{}}})",
      fmt::join(page.items, ","), page.items.size(), page.items.size(), page.items.size(), last);
}

}  // namespace dynamite::sim
