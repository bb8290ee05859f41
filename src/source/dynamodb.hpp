#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/aws_client.hpp"
#include "core/key_schema.hpp"

namespace dynamite {

/// What DescribeTable says of a table.
struct TableDescription {
  std::string name;
  std::string arn;
  std::string status;
  KeySchema key_schema;
  std::uint64_t item_count = 0;  ///< on AWS refreshed about every six hours
  std::uint64_t size_bytes = 0;
  std::optional<std::uint64_t> provisioned_read_units;  ///< absent: on demand
  bool stream_enabled = false;
  std::string stream_view_type;
  std::string latest_stream_arn;
};

struct ShardDescription {
  std::string id;
  std::string parent_id;  ///< empty: none
  std::string starting_sequence_number;
  std::string ending_sequence_number;  ///< empty: open

  bool open() const noexcept { return ending_sequence_number.empty(); }
};

struct StreamDescription {
  std::string arn;
  std::string label;
  std::string status;
  std::string view_type;
  std::vector<ShardDescription> shards;  ///< of all pages
};

struct ShardIteratorRequest {
  std::string stream_arn;
  std::string shard_id;
  std::string type = "TRIM_HORIZON";  ///< or AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER
  std::string sequence_number{};      ///< unused with TRIM_HORIZON
};

struct ScanRequest {
  std::string table;
  std::int32_t segment = 0;
  std::int32_t total_segments = 1;
  std::string exclusive_start_key;  ///< raw JSON; empty: from the beginning
  int limit = 1'000;
};

/// One member of a BatchWriteItem: a put of an item or a delete by key, as DynamoDB JSON.
struct WriteRequest {
  std::string put;
  std::string remove;
};

/// The calls of DynamoDB and its streams that we make. Safe to call from many threads.
/// All throw what AwsClient::call throws.
class DynamoDb {
 public:
  explicit DynamoDb(AwsClient& client) : client_{client} {}

  std::vector<std::string> list_tables(std::stop_token stop = {});
  TableDescription describe_table(const std::string& name, std::stop_token stop = {});
  StreamDescription describe_stream(const std::string& arn, std::stop_token stop = {});

  std::string shard_iterator(const ShardIteratorRequest& request, std::stop_token stop = {});

  /// The answer's body, for decode_records_page.
  std::string get_records(const std::string& iterator, int limit, std::stop_token stop = {});

  /// Strongly consistent, with ConsumedCapacity. The answer's body, for decode_scan_page.
  std::string scan(const ScanRequest& request, std::stop_token stop = {});

  /// Strongly consistent. The DynamoDB JSON of the items that exist, in any order.
  std::vector<std::string> get_items(const std::string& table,
                                     std::span<const std::string> keys_json,
                                     std::stop_token stop = {});

  void put_item(const std::string& table, const std::string& item_json, std::stop_token stop = {});
  void delete_item(const std::string& table, const std::string& key_json,
                   std::stop_token stop = {});

  /// Any number of requests, sent 25 at a time; what DynamoDB leaves unprocessed is sent again.
  void batch_write(const std::string& table, std::span<const WriteRequest> requests,
                   std::stop_token stop = {});

  /// On demand. `stream_view_type` empty: without a stream.
  void create_table(const std::string& name, const KeySchema& key_schema,
                    const std::string& stream_view_type, std::stop_token stop = {});
  void delete_table(const std::string& name, std::stop_token stop = {});

 private:
  void write_part(const std::string& table, std::span<const WriteRequest> part,
                  const std::stop_token& stop);
  void get_part(const std::string& table, std::span<const std::string> part,
                std::vector<std::string>& items, const std::stop_token& stop);

  AwsClient& client_;
};

}  // namespace dynamite
