#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "core/arn.hpp"
#include "decode/records.hpp"
#include "decode/records_page.hpp"
#include "ingest/fixture.hpp"
#include "support/http_server.hpp"
#include "support/local_dynamodb.hpp"
#include "support/process.hpp"

namespace dynamite::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kShard = "shardId-00000001768478400123-864758bb";

std::string report_of(const std::string& stream_arn, const std::string& shard,
                      const std::string& first, const std::string& last) {
  return fmt::format(
      R"({{"requestContext":{{"condition":"RetryAttemptsExhausted"}},"version":"1.0",)"
      R"("DDBStreamBatchInfo":{{"shardId":"{}","startSequenceNumber":"{}",)"
      R"("endSequenceNumber":"{}","batchSize":2,"streamArn":"{}"}}}})",
      shard, first, last, stream_arn);
}

std::string report(const std::string& first, const std::string& last) {
  return report_of(stream_of("orders"), kShard, first, last);
}

/// A shard as its stream keeps it, two records a page. The oldest may be trimmed.
class Shard {
 public:
  void add(std::uint64_t number, const std::string& record) {
    const std::scoped_lock lock{mutex_};
    records_[number] = record;
  }
  void trim_before(std::uint64_t number) {
    const std::scoped_lock lock{mutex_};
    horizon_ = number;
  }
  void remove() {
    const std::scoped_lock lock{mutex_};
    gone_ = true;
  }
  std::string url() const { return server_.url(); }

  std::vector<std::string> asked() {
    const std::scoped_lock lock{mutex_};
    return asked_;
  }

 private:
  ServedResponse serve(const ServedRequest& request) {
    const std::scoped_lock lock{mutex_};
    const std::string target{request.header("x-amz-target")};
    if (gone_) return refuse("ResourceNotFoundException");
    if (target.ends_with("GetShardIterator")) return open(request.body);
    return page(std::stoull(request.body.substr(request.body.find(":\"") + 2)));
  }

  ServedResponse open(const std::string& body) {
    asked_.push_back(value(body, "ShardIteratorType"));
    std::uint64_t from = horizon_;
    if (asked_.back() != "TRIM_HORIZON") from = std::stoull(value(body, "SequenceNumber"));
    if (from < horizon_) return refuse("TrimmedDataAccessException");
    return {.body = fmt::format(R"({{"ShardIterator":"{}"}})", from)};
  }

  ServedResponse page(std::uint64_t from) const {
    std::string records;
    auto record = records_.lower_bound(std::max(from, horizon_));
    for (int i = 0; i < 2 && record != records_.end(); ++i, ++record)
      records += (records.empty() ? "" : ",") + record->second;
    // Open: it could go on.
    const std::uint64_t next = record == records_.end() ? 1'000'000 : record->first;
    return {.body = fmt::format(R"({{"Records":[{}],"NextShardIterator":"{}"}})", records, next)};
  }

  static ServedResponse refuse(const std::string& name) {
    return {.status = 400,
            .headers = {},
            .body = fmt::format(R"({{"__type":"com.amazonaws.dynamodb.v20120810#{}"}})", name)};
  }

  static std::string value(const std::string& body, const std::string& name) {
    const std::size_t at = body.find("\"" + name + "\":\"") + name.size() + 4;
    return body.substr(at, body.find('"', at) - at);
  }

  std::mutex mutex_;
  std::map<std::uint64_t, std::string> records_;
  std::uint64_t horizon_ = 0;
  bool gone_ = false;
  std::vector<std::string> asked_;
  HttpServer server_{[this](const ServedRequest& request) { return serve(request); }};
};

class RedriveTest : public IngestTest {
 protected:
  RedriveTest() {
    for (std::uint64_t number = 100; number < 110; ++number)
      shard.add(number, put_record(fmt::format("k{}", number), number));
  }
  ~RedriveTest() override { std::filesystem::remove(file_); }

  Finished apply_text(const std::string& text, std::vector<std::string> command,
                      const std::string& endpoint) const {
    std::ofstream{file_} << text;
    command.push_back(file_);
    return run_program(command, {{"DYNAMITE_URL", url()},
                                 {"DYNAMITE_SCHEMA", schema()},
                                 {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                 {"DYNAMITE_CREATE_TABLES", "never"},
                                 {"AWS_ENDPOINT_URL", endpoint}});
  }
  /// Of a shard whose table is nowhere.
  Finished apply_text(const std::string& text) const {
    return apply_text(text, {"apply", "--as-recorded"}, shard.url());
  }

  std::string keys() {
    return query(fmt::format("SELECT string_agg(pk, ' ' ORDER BY pk) FROM {}",
                             orders.targets.front().qualified_name()));
  }
  std::string gaps() {
    return query(fmt::format("SELECT shard_id, reason FROM {}.gap", state_schema()));
  }

  Shard shard;
  const std::string file_ = ::testing::TempDir() + "dynamite-redrive-" + std::to_string(getpid());
};

TEST_F(RedriveTest, RecordsOfAReportAreReadFromTheirStreamAgain) {
  const Finished run = apply_text(report("102", "104"));

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("0 dead letters"));
  EXPECT_EQ(keys(), "k102 k103 k104 k105");  // a page too much is no harm
  EXPECT_THAT(shard.asked(), ElementsAre("AT_SEQUENCE_NUMBER"));
  EXPECT_EQ(gaps(), "");
}

TEST_F(RedriveTest, TheReportMayEndWithTheShardsLastRecord) {
  const Finished run = apply_text(report("108", "109"));

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(keys(), "k108 k109");
}

TEST_F(RedriveTest, TheRecordMayBeOfAKeyThatIsNewerByNow) {
  apply(
      {put("k102", 500, "newer").of_generation(parse_stream_arn(stream_of("orders")).generation)});

  EXPECT_THAT(apply_text(report("102", "102")).output, HasSubstr("1 rows changed"));
  EXPECT_THAT(rows(), HasSubstr("newer"));
}

TEST_F(RedriveTest, WhatIsGoneIsSaidAndAGap) {
  shard.trim_before(106);

  const Finished run = apply_text(report("102", "104"));

  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.output, HasSubstr("records 102 to 104 of " + std::string{kShard} +
                                    " are gone from the stream of orders"));
  EXPECT_THAT(run.output, HasSubstr("dynamite snapshot --table orders"));
  EXPECT_EQ(keys(), "NULL");
  EXPECT_EQ(gaps(), std::string{kShard} +
                        "|records 102 to 104, which Lambda gave up, were gone before they were "
                        "read again");
}

TEST_F(RedriveTest, OfARangeThatIsHalfGoneTheRestIsApplied) {
  shard.trim_before(104);

  const Finished run = apply_text(report("102", "105"));

  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.output, HasSubstr("records 102 up to before 104 of "));
  EXPECT_EQ(keys(), "k104 k105");
  EXPECT_THAT(shard.asked(), ElementsAre("AT_SEQUENCE_NUMBER", "TRIM_HORIZON"));
}

TEST_F(RedriveTest, AStreamThatIsNoMoreIsAGapToo) {
  shard.remove();

  const Finished run = apply_text(report("102", "104") + "\n" + put_record("other", 1));

  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(keys(), "other");
  EXPECT_THAT(gaps(), HasSubstr("records 102 to 104"));
}

TEST_F(RedriveTest, AReportOfWhatNeverCameIsAnErrorAndNotAWaitForEver) {
  const Finished run = apply_text(report("108", "500"));

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.errors, HasSubstr("has no records up to 500"));
}

TEST_F(RedriveTest, MessagesAreTakenAsTheQueueGivesThem) {
  const std::string messages =
      fmt::format(R"({{"Messages":[{{"Body":{}}},{{"Body":{}}}]}})",
                  json_string(report("100", "100")), json_string(report("104", "105")));

  const Finished run = apply_text(messages);

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(keys(), "k100 k101 k104 k105");
}

TEST_F(RedriveTest, RecordsOfDynamoDbLocal) {
  LocalDynamoDb source;
  const std::string table = source.create_table("redrive", orders.source->key_schema);
  for (const char* key : {"a", "b", "c"}) source.api().put_item(table, item(key, "1"));
  source.api().delete_item(table, R"({"pk":{"S":"c"}})");  // which the range does not hold
  const TableDescription description = source.api().describe_table(table);
  const std::string stream_arn = description.latest_stream_arn;
  Replica replica = wanted_replica(orders.source->key_schema, table);
  const auto stream = source.api().describe_stream(stream_arn);
  ASSERT_THAT(stream.shards, SizeIs(testing::Ge(1U)));
  std::vector<std::string> bootstrap{"bootstrap", "--table", table};
  ASSERT_EQ(run_program(bootstrap, {{"DYNAMITE_URL", url()},
                                    {"DYNAMITE_SCHEMA", schema()},
                                    {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                    {"AWS_ENDPOINT_URL", source.endpoint()}})
                .status,
            0);
  const std::string page = source.api().get_records(
      source.api().shard_iterator({.stream_arn = stream_arn, .shard_id = stream.shards[0].id}), 10);
  RecordsPage records = decode_records_page(page, replica.source, 1);
  ASSERT_THAT(records.batch.changes, SizeIs(4));
  const auto number = [&](std::size_t i) {
    // As DynamoDB Local writes them.
    return fmt::format("{:0>21}", records.batch.changes[i].version.sequence_number());
  };

  const Finished run = apply_text(report_of(stream_arn, stream.shards[0].id, number(1), number(2)),
                                  {"apply"}, source.endpoint());

  EXPECT_EQ(run.status, 0) << run.output << run.errors;
  EXPECT_EQ(
      query(fmt::format("SELECT string_agg(pk, ' ' ORDER BY pk) FROM {}.\"{}\"", schema(), table)),
      "b");
}

}  // namespace
}  // namespace dynamite::test
