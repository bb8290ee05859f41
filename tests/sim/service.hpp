#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "aws/http.hpp"
#include "sim/table.hpp"

namespace simdjson::dom {
class element;
}

namespace dynamite::sim {

/// DynamoDB and DynamoDB Streams: tables in memory behind their JSON protocol. What the operations
/// do and refuse is what AWS documents; operations and parameters that Dynamite does not use are
/// refused as unknown. Not safe to call from several threads.
class Service {
 public:
  explicit Service(Chance& chance) : chance_{chance} {}

  /// `target`: DynamoDB_20120810.Scan, DynamoDBStreams_20120810.GetRecords, …
  HttpResponse handle(std::string_view target, std::string_view body);

  /// Makes a table; its stream has `shards`; `view_type` empty: without a stream.
  Table& create_table(const std::string& name, const KeySchema& key_schema,
                      const std::string& view_type, std::size_t shards = 1);
  Table& table(const std::string& name);
  /// Its stream stays readable for a day.
  void delete_table(const std::string& name);

  std::map<std::string, Table>& tables() noexcept { return tables_; }

 private:
  using Element = simdjson::dom::element;

  std::string dispatch(std::string_view operation, Element input);
  std::string dispatch_stream(std::string_view operation, Element input);

  std::string list_tables() const;
  std::string create_table(Element input);
  std::string update_table(Element input);
  std::string delete_table(Element input);
  std::string describe(const Table& table, std::string_view member) const;
  std::string put_item(Element input);
  std::string delete_item(Element input);
  std::string get_item(Element input);
  std::string batch_get_item(Element input);
  std::string batch_write_item(Element input);
  std::string scan(Element input);

  std::string list_streams(Element input);
  std::string describe_stream(Element input);
  std::string get_shard_iterator(Element input);
  std::string get_records(Element input);
  Stream& stream_of(const std::string& arn);

  Chance& chance_;
  std::map<std::string, Table> tables_;
  std::list<Table> deleted_;  // for their streams
};

/// What an operation answers instead of a result.
struct Refusal {
  std::string name, message;
  int status = 400;
};

HttpResponse answer_of(const Refusal& refusal);

}  // namespace dynamite::sim
