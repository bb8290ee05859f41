#pragma once

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/lambda_event.hpp"
#include "decode/recorded.hpp"
#include "json/item_key.hpp"

namespace dynamite::test {

inline const std::string kTableArn = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders";
inline const std::string kStreamArn = kTableArn + "/stream/2026-01-15T12:00:00.123";
constexpr std::uint64_t kGeneration = 1'768'478'400'123;

inline KeySchema key_schema(KeyType partition) {
  return {.partition = {.name = "pk", .type = partition}, .sort = {}};
}

inline KeySchema key_schema(KeyType partition, KeyType sort) {
  return {.partition = {.name = "pk", .type = partition},
          .sort = KeyAttribute{.name = "sk", .type = sort}};
}

inline std::shared_ptr<const SourceTable> source_table(KeySchema schema) {
  return std::make_shared<const SourceTable>(
      SourceTable{.arn = kTableArn, .key_schema = std::move(schema)});
}

/// An event whose records are all of `table`, whatever stream they name.
inline std::vector<Batch> decode_event(std::string event,
                                       const std::shared_ptr<const SourceTable>& table) {
  const auto text = std::make_shared<const std::string>(std::move(event));
  KnownTables tables;
  return decode_with(
             tables, [&](const KnownTables& known) { return decode_lambda_event(text, known); },
             [&](const std::string& table_arn) { tables.emplace(table_arn, table); })
      .batches;
}

/// The same of recorded documents.
inline Recorded decode_recording(std::string recording,
                                 const std::shared_ptr<const SourceTable>& table,
                                 const RecordedOptions& options = {}) {
  const auto text = std::make_shared<const std::string>(std::move(recording));
  KnownTables tables;
  return decode_with(
      tables, [&](const KnownTables& known) { return decode_recorded(text, known, options); },
      [&](const std::string& table_arn) { tables.emplace(table_arn, table); });
}

/// The batch of an event of one table; of an event without records an empty one.
inline Batch only(std::vector<Batch> batches) {
  if (batches.size() > 1) throw std::logic_error{"the event is of several tables"};
  return batches.empty() ? Batch{} : std::move(batches.front());
}

/// The only batch of an event of a table with this key.
inline Batch decode(std::string event, const KeySchema& schema = key_schema(KeyType::S)) {
  return only(decode_event(std::move(event), source_table(schema)));
}

/// A stream record in Lambda's form, of a table whose key is the string pk. Members are JSON
/// values; an empty one is left out.
struct RecordText {
  std::string name = R"("INSERT")";
  std::string version = R"("1.1")";
  std::string source = R"("aws:dynamodb")";
  std::string arn = '"' + kStreamArn + '"';
  std::string keys = R"({"pk":{"S":"a"}})";
  std::string new_image = R"({"pk":{"S":"a"},"v":{"N":"1"}})";
  std::string old_image{};
  std::string sequence_number = R"("100000000003126276362")";
  std::string view_type = R"("NEW_AND_OLD_IMAGES")";
  std::string time = "1768478400";

  std::string json() const {
    std::string body;
    add(body, "Keys", keys);
    add(body, "NewImage", new_image);
    add(body, "OldImage", old_image);
    add(body, "SequenceNumber", sequence_number);
    add(body, "StreamViewType", view_type);
    add(body, "ApproximateCreationDateTime", time);
    std::string record;
    add(record, "eventName", name);
    add(record, "eventVersion", version);
    add(record, "eventSource", source);
    add(record, "dynamodb", "{" + body + "}");
    add(record, "eventSourceARN", arn);
    return "{" + record + "}";
  }

 private:
  static void add(std::string& object, std::string_view name, const std::string& value) {
    if (value.empty()) return;
    object += fmt::format("{}\"{}\":{}", object.empty() ? "" : ",", name, value);
  }
};

inline std::string event_of(const std::vector<std::string>& records) {
  return fmt::format(R"({{"Records":[{}]}})", fmt::join(records, ","));
}

inline std::string canonical_key(std::string_view image, const KeySchema& schema) {
  std::string key;
  append_canonical_key(key, image, schema);
  return key;
}

inline std::string numbered(int sequence_number, const std::string& stream_arn) {
  return RecordText{.arn = '"' + stream_arn + '"',
                    .sequence_number = fmt::format("\"{}\"", sequence_number)}
      .json();
}

inline const std::string kUsersArn = "arn:aws:dynamodb:us-east-1:111122223333:table/Users";
inline const std::string kUsersStreamArn = kUsersArn + "/stream/2026-01-16T12:00:00.123";

inline std::shared_ptr<const std::string> shared_text(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace dynamite::test
