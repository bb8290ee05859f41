#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <set>

#include "core/arn.hpp"
#include "decode/scan_page.hpp"
#include "json/text.hpp"
#include "source/scan_reader.hpp"
#include "source/shard_lineage.hpp"
#include "source/shard_reader.hpp"
#include "support/errors.hpp"
#include "support/local_dynamodb.hpp"

namespace dynamite::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::SizeIs;

KeySchema keys(KeyType partition, std::optional<KeyType> sort = std::nullopt) {
  KeySchema schema{.partition = {.name = "pk", .type = partition}, .sort = std::nullopt};
  if (sort) schema.sort = KeyAttribute{.name = "sk", .type = *sort};
  return schema;
}

std::string item(std::string_view key, int value) {
  return fmt::format(R"({{"pk":{{"S":{}}},"v":{{"N":"{}"}}}})", json_string(key), value);
}
std::string key_of(std::string_view key) {
  return fmt::format(R"({{"pk":{{"S":{}}}}})", json_string(key));
}

/// Keys that text formats like to spoil.
const std::vector<std::string> kOddKeys{
    "\"",        "\\", "'",   "a\nb\tc", "\x01", "\xE2\x98\x83", "\xF0\x9F\x98\x80",
    "{\"S\":1}", " ",  "%00", "\xCC\x88"};

class DynamoDbLocal : public testing::Test {
 protected:
  std::shared_ptr<const SourceTable> source(const std::string& name) {
    const TableDescription table = local.api().describe_table(name);
    return std::make_shared<const SourceTable>(
        SourceTable{.arn = table.arn, .key_schema = table.key_schema});
  }

  std::optional<std::string> get_item(const std::string& table, const std::string& key) {
    const auto items = api().get_items(table, std::vector{key});
    return items.empty() ? std::nullopt : std::optional{items.front()};
  }

  /// The images of what is in a table, read in so many segments.
  std::vector<std::string> scan(const std::string& name, std::int32_t segments) {
    std::vector<std::string> images;
    for (std::int32_t segment = 0; segment < segments; ++segment) {
      ScanReader reader{
          api(), {.table = source(name), .segment = segment, .total_segments = segments}, ""};
      for (bool finished = false; !finished;) {
        const Page page = reader.next({});
        finished = page.finished;
        for (const Change& change : page.batch->changes) images.emplace_back(change.image);
      }
    }
    return images;
  }

  /// Reads the only shard of a stream until it has so many changes.
  std::vector<std::string> follow(const std::string& stream_arn, const std::string& position,
                                  std::size_t count) {
    const auto shards = api().describe_stream(stream_arn).shards;
    const Lineage lineage = shard_lineage(shards, {});
    ShardReader reader{api(),
                       {.table = source(parse_stream_arn(stream_arn).table_name),
                        .stream_arn = stream_arn,
                        .generation = 1,
                        .shard_id = lineage.readable.at(0)},
                       position};
    std::vector<std::string> seen;
    for (int turns = 0; seen.size() < count && turns < 200; ++turns) {
      const Page page = reader.next({});
      last_position = page.position;
      if (!page.batch) continue;
      for (const Change& change : page.batch->changes)
        seen.push_back(change.kind == ChangeKind::remove ? "removed" : std::string{change.image});
    }
    return seen;
  }

  DynamoDb& api() { return local.api(); }

  LocalDynamoDb local;
  std::string last_position;
};

TEST_F(DynamoDbLocal, ListsMoreThanOnePageOfTables) {
  std::vector<std::string> made;
  for (int i = 0; i < 105; ++i) made.push_back(local.create_table("many", keys(KeyType::S), ""));

  EXPECT_THAT(api().list_tables(), IsSupersetOf(made));
}

TEST_F(DynamoDbLocal, DescribesKeysOfAllShapes) {
  for (const KeyType partition : {KeyType::S, KeyType::N, KeyType::B}) {
    for (const std::optional<KeyType> sort :
         {std::optional<KeyType>{}, std::optional{KeyType::S}, std::optional{KeyType::N},
          std::optional{KeyType::B}}) {
      const std::string name = local.create_table("keys", keys(partition, sort), "");

      const TableDescription table = api().describe_table(name);

      EXPECT_EQ(table.name, name);
      EXPECT_EQ(table_name_of(table.arn), name);
      EXPECT_EQ(table.status, "ACTIVE");
      EXPECT_EQ(table.key_schema, keys(partition, sort));
      EXPECT_EQ(table.provisioned_read_units, std::nullopt);
      EXPECT_FALSE(table.stream_enabled);
    }
  }
}

TEST_F(DynamoDbLocal, WritesReadsAndRemovesItems) {
  const std::string name = local.create_table("items", keys(KeyType::S), "");
  EXPECT_EQ(get_item(name, key_of("a")), std::nullopt);

  api().put_item(name, item("a", 1));
  EXPECT_THAT(get_item(name, key_of("a")).value_or(""), HasSubstr(R"("v":{"N":"1"})"));

  api().put_item(name, item("a", 2));
  EXPECT_THAT(get_item(name, key_of("a")).value_or(""), HasSubstr(R"("v":{"N":"2"})"));

  api().delete_item(name, key_of("a"));
  EXPECT_EQ(get_item(name, key_of("a")), std::nullopt);
}

TEST_F(DynamoDbLocal, TakesAnyCharacterInAKey) {
  const std::string name = local.create_table("odd", keys(KeyType::S), "");
  for (const std::string& key : kOddKeys) api().put_item(name, item(key, 1));

  for (const std::string& key : kOddKeys)
    EXPECT_TRUE(get_item(name, key_of(key)).has_value()) << key;
  EXPECT_THAT(scan(name, 1), SizeIs(kOddKeys.size()));
}

TEST_F(DynamoDbLocal, AnAttributeNamedLikeAnErrorIsNone) {
  const std::string name = local.create_table("type", keys(KeyType::S), "");
  const std::string odd = R"({"pk":{"S":"a"},"__type":{"S":"a#ThrottlingException"}})";

  api().put_item(name, odd);

  EXPECT_THAT(get_item(name, key_of("a")).value_or(""), HasSubstr("__type"));
}

TEST_F(DynamoDbLocal, WritesBatchesOfAnySize) {
  const std::string name = local.create_table("batch", keys(KeyType::S), "");
  std::vector<WriteRequest> puts;
  for (int i = 0; i < 60; ++i)
    puts.push_back({.put = item("k" + std::to_string(i), i), .remove = ""});
  api().batch_write(name, puts);
  EXPECT_THAT(scan(name, 1), SizeIs(60));

  std::vector<WriteRequest> removals;
  for (int i = 0; i < 30; ++i)
    removals.push_back({.put = "", .remove = key_of("k" + std::to_string(i))});
  api().batch_write(name, removals);

  EXPECT_THAT(scan(name, 1), SizeIs(30));
}

TEST_F(DynamoDbLocal, ScansEveryItemOnceInAllSegments) {
  const std::string name = local.create_table("scan", keys(KeyType::S), "");
  std::vector<WriteRequest> puts;
  for (int i = 0; i < 2'500; ++i)
    puts.push_back({.put = item("k" + std::to_string(i), i), .remove = ""});
  api().batch_write(name, puts);

  for (const std::int32_t segments : {1, 4}) {
    const std::vector<std::string> images = scan(name, segments);
    EXPECT_THAT(images, SizeIs(2'500));
    EXPECT_THAT((std::set<std::string>{images.begin(), images.end()}), SizeIs(2'500));
  }
}

TEST_F(DynamoDbLocal, GoesOnScanningBehindAnyKey) {
  for (const KeyType sort : {KeyType::S, KeyType::N, KeyType::B}) {
    const std::string name = local.create_table("resume", keys(KeyType::S, sort), "");
    const char* sort_key = sort == KeyType::S   ? R"({"S":"\"\u2603\\"})"
                           : sort == KeyType::N ? R"({"N":"-1.5E-7"})"
                                                : R"({"B":"AP8="})";
    for (const std::string& key : kOddKeys)
      api().put_item(name,
                     fmt::format(R"({{"pk":{{"S":{}}},"sk":{}}})", json_string(key), sort_key));
    std::size_t seen = 0;
    std::string position;
    do {
      // One item a page, and a new start from the position each time, as after a crash.
      ScanPage page =
          decode_scan_page(api().scan({.table = name, .exclusive_start_key = position, .limit = 1}),
                           source(name), {});
      seen += page.batch.changes.size();
      position = page.last_evaluated_key.value_or("");
    } while (!position.empty() && seen <= kOddKeys.size());

    EXPECT_EQ(seen, kOddKeys.size());
  }
}

TEST_F(DynamoDbLocal, ScanTellsWhatItCost) {
  const std::string name = local.create_table("cost", keys(KeyType::S), "");
  api().put_item(name, item("a", 1));
  ScanReader reader{api(), {.table = source(name), .segment = 0, .total_segments = 1}, ""};

  EXPECT_GT(reader.next({}).capacity_units, 0);
}

TEST_F(DynamoDbLocal, ReadsAStreamInOrder) {
  const std::string name = local.create_table("stream", keys(KeyType::S));
  api().put_item(name, item("a", 1));
  api().put_item(name, item("a", 2));
  api().delete_item(name, key_of("a"));

  const TableDescription table = api().describe_table(name);
  EXPECT_TRUE(table.stream_enabled);
  EXPECT_EQ(table.stream_view_type, "NEW_AND_OLD_IMAGES");
  const auto seen = follow(table.latest_stream_arn, "", 3);

  EXPECT_THAT(seen, ElementsAre(HasSubstr(R"({"N":"1"})"), HasSubstr(R"({"N":"2"})"), "removed"));
}

TEST_F(DynamoDbLocal, GoesOnInAStreamBehindItsPosition) {
  const std::string name = local.create_table("behind", keys(KeyType::S));
  const std::string stream = api().describe_table(name).latest_stream_arn;
  api().put_item(name, item("a", 1));
  EXPECT_THAT(follow(stream, "", 1), SizeIs(1));
  api().put_item(name, item("a", 2));

  EXPECT_THAT(follow(stream, last_position, 1), ElementsAre(HasSubstr(R"({"N":"2"})")));
}

TEST_F(DynamoDbLocal, ReadsMoreRecordsThanOnePageHas) {
  const std::string name = local.create_table("pages", keys(KeyType::S));
  std::vector<WriteRequest> puts;
  for (int i = 0; i < 2'500; ++i)
    puts.push_back({.put = item("k" + std::to_string(i), i), .remove = ""});
  api().batch_write(name, puts);

  const auto seen = follow(api().describe_table(name).latest_stream_arn, "", 2'500);

  EXPECT_THAT(seen, SizeIs(2'500));
  EXPECT_THAT((std::set<std::string>{seen.begin(), seen.end()}), SizeIs(2'500));
}

TEST_F(DynamoDbLocal, AStreamThatIsSwitchedOnAgainIsAnother) {
  const std::string name = local.create_table("again", keys(KeyType::S));
  const std::string first = api().describe_table(name).latest_stream_arn;

  local.set_stream(name, false);
  EXPECT_FALSE(api().describe_table(name).stream_enabled);

  local.set_stream(name, true);
  const TableDescription table = api().describe_table(name);
  EXPECT_TRUE(table.stream_enabled);
  EXPECT_NE(table.latest_stream_arn, first);
  EXPECT_GT(parse_stream_arn(table.latest_stream_arn).generation,
            parse_stream_arn(first).generation);
}

TEST_F(DynamoDbLocal, ATableThatIsNotThereIsGone) {
  const auto kind = [](auto run) { return error_of(run).kind(); };
  using enum Error::Kind;

  EXPECT_EQ(kind([&] { api().describe_table("nobody"); }), gone);
  EXPECT_EQ(kind([&] { api().scan({.table = "nobody", .exclusive_start_key = ""}); }), gone);
  EXPECT_EQ(kind([&] { get_item("nobody", key_of("a")); }), gone);
  EXPECT_EQ(kind([&] { api().put_item("nobody", item("a", 1)); }), gone);
  EXPECT_EQ(kind([&] { api().delete_table("nobody"); }), gone);
}

TEST_F(DynamoDbLocal, AStreamThatIsNotThereIsGone) {
  const std::string name = local.create_table("gone", keys(KeyType::S));
  const std::string stream = api().describe_table(name).latest_stream_arn;
  const std::string other = stream.substr(0, stream.rfind('/')) + "/2020-01-01T00:00:00.000";

  EXPECT_EQ(error_of([&] { api().describe_stream(other); }).kind(), Error::Kind::gone);
}

TEST_F(DynamoDbLocal, AnItemOfTheWrongTypeIsABug) {
  const std::string name = local.create_table("wrong", keys(KeyType::S), "");

  EXPECT_EQ(error_of([&] { api().put_item(name, R"({"pk":{"N":"1"}})"); }).kind(),
            Error::Kind::bug);
}

}  // namespace
}  // namespace dynamite::test
