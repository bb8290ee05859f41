#include <fmt/format.h>
#include <gmock/gmock.h>

#include "decode/records_page.hpp"
#include "sim/client.hpp"
#include "sim/faults.hpp"
#include "sim/virtual_clock.hpp"
#include "support/errors.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// What only AWS does, and DynamoDB Local does not; the rest of the protocol is examined beside it.
class ServiceTest : public ::testing::Test {
 protected:
  void put(int key, int value) {
    table().put(fmt::format(R"({{"pk":{{"N":"{}"}},"v":{{"N":"{}"}}}})", key, value));
    clock_.advance(10ms);
  }

  Table& table() { return service_.table("orders"); }
  Stream& stream() { return *table().stream(); }
  std::string arn() { return stream().identity().arn; }
  std::vector<ShardDescription> shards() { return api().describe_stream(arn()).shards; }
  DynamoDb& api() { return client_.dynamodb; }

  std::string iterator(const std::string& shard, const std::string& after = "") {
    return api().shard_iterator({.stream_arn = arn(),
                                 .shard_id = shard,
                                 .type = after.empty() ? "TRIM_HORIZON" : "AFTER_SEQUENCE_NUMBER",
                                 .sequence_number = after});
  }

  RecordsPage records(const std::string& iterator, int limit = 1'000) {
    return decode_records_page(api().get_records(iterator, limit), source_, 1);
  }

  VirtualClock clock_;
  Chance chance_{.clock = clock_, .random = std::mt19937_64{1}};
  Service service_{chance_};
  FaultyTransport transport_{service_, chance_, [this](auto time) { clock_.advance(time); }};
  Client client_{transport_};
  KeySchema keys_{.partition = {.name = "pk", .type = KeyType::N}, .sort = std::nullopt};
  Table& made_ = service_.create_table("orders", keys_, "NEW_AND_OLD_IMAGES");
  std::shared_ptr<const SourceTable> source_ =
      std::make_shared<const SourceTable>(SourceTable{.arn = made_.arn(), .key_schema = keys_});
};

TEST_F(ServiceTest, AnIteratorLivesForAQuarterOfAnHour) {
  put(1, 1);
  const std::string it = iterator(shards().front().id);

  clock_.advance(15min);
  EXPECT_THAT(records(it).batch.changes, SizeIs(1));

  clock_.advance(1s);
  EXPECT_THAT(error_of([&] { records(it); }).what(), HasSubstr("ExpiredIterator"));
}

TEST_F(ServiceTest, ARecordLivesForADay) {
  put(1, 1);
  const std::string shard = shards().front().id;
  const std::string position = records(iterator(shard)).last_sequence_number;
  clock_.advance(12h);
  put(1, 2);
  const std::string old_iterator = iterator(shard);
  clock_.advance(12h);
  table().trim();

  EXPECT_THAT(records(iterator(shard)).batch.changes, SizeIs(1));
  EXPECT_EQ(error_of([&] { iterator(shard, position); }).kind(), Error::Kind::gap);
  EXPECT_THAT(error_of([&] { records(old_iterator); }).what(), HasSubstr("Expired"));
}

TEST_F(ServiceTest, ATrimmedPositionMayBeRefusedOnlyWhenItIsRead) {
  put(1, 1);
  const std::string shard = shards().front().id;
  const std::string position = records(iterator(shard)).last_sequence_number;
  clock_.advance(25h);
  table().trim();
  chance_.irregularities.moved_trim_percent = 100;

  const std::string it = iterator(shard, position);

  EXPECT_EQ(error_of([&] { records(it); }).kind(), Error::Kind::gap);
}

TEST_F(ServiceTest, AShardThatIsSplitEndsAndHasTwoChildren) {
  put(1, 1);
  const std::string parent = shards().front().id;

  stream().replace_shard(2);
  for (int key = 0; key < 40; ++key) put(key, 2);

  const auto listed = shards();
  ASSERT_THAT(listed, SizeIs(3));
  std::size_t in_children = 0;
  for (const ShardDescription& shard : listed) {
    const RecordsPage page = records(iterator(shard.id));
    if (shard.id == parent) {
      EXPECT_FALSE(shard.open());
      EXPECT_FALSE(page.next_iterator);
      EXPECT_THAT(page.batch.changes, SizeIs(1));
      continue;
    }
    EXPECT_EQ(shard.parent_id, parent);
    EXPECT_TRUE(page.next_iterator);
    EXPECT_THAT(page.batch.changes, ::testing::Not(IsEmpty()));
    in_children += page.batch.changes.size();
  }
  EXPECT_EQ(in_children, 40U);
}

TEST_F(ServiceTest, AListingMayLagBehind) {
  chance_.irregularities.listing_lag_max = 20s;

  stream().replace_shard(1);

  std::vector<std::size_t> sizes{shards().size()};
  clock_.advance(20s);
  sizes.push_back(shards().size());
  EXPECT_THAT(sizes.front(), AnyOf(1U, 2U));
  EXPECT_EQ(sizes.back(), 2U);
}

TEST_F(ServiceTest, AListingComesInPages) {
  for (int i = 0; i < 9; ++i) stream().replace_shard(2);
  chance_.irregularities.listing_max = 2;
  chance_.counts.clear();

  EXPECT_THAT(shards(), SizeIs(19));
  EXPECT_EQ(chance_.counts["calls of DescribeStream"], 10U);
}

TEST_F(ServiceTest, TheLastPageOfAShardMayComeLate) {
  put(1, 1);
  const std::string shard = shards().front().id;
  stream().replace_shard(1);
  chance_.irregularities.late_end_percent = 100;

  const RecordsPage page = records(iterator(shard));
  ASSERT_TRUE(page.next_iterator);
  chance_.irregularities.late_end_percent = 0;
  const RecordsPage last = records(*page.next_iterator);

  EXPECT_THAT(page.batch.changes, SizeIs(1));
  EXPECT_THAT(last.batch.changes, IsEmpty());
  EXPECT_FALSE(last.next_iterator);
}

TEST_F(ServiceTest, PagesMayBeShortOrEmptyAndLoseNothing) {
  for (int key = 0; key < 50; ++key) put(key, 1);
  chance_.irregularities.empty_page_percent = 80;
  chance_.irregularities.short_page_percent = 80;

  std::size_t read = 0, pages = 0;
  for (std::string it = iterator(shards().front().id); read < 50 && pages < 1'000; ++pages) {
    const RecordsPage page = records(it);
    read += page.batch.changes.size();
    it = page.next_iterator.value();
  }

  EXPECT_EQ(read, 50U);
  EXPECT_GT(pages, 5U);
}

TEST_F(ServiceTest, TheStreamOfADeletedTableIsReadableForADay) {
  put(1, 1);
  const std::string old = arn();
  const std::string shard = shards().front().id;
  service_.delete_table("orders");

  const std::string it = api().shard_iterator({.stream_arn = old, .shard_id = shard});

  EXPECT_THAT(records(it).batch.changes, SizeIs(1));
  EXPECT_EQ(error_of([&] { api().describe_table("orders"); }).kind(), Error::Kind::gone);
}

TEST_F(ServiceTest, SequenceNumbersAreOrderedByValueAndHaveUpTo40Digits) {
  for (std::size_t digits = 0; digits < 40;) {
    service_.delete_table("orders");
    clock_.advance(1s);
    service_.create_table("orders", keys_, "KEYS_ONLY");
    digits = shards().front().starting_sequence_number.size();
    EXPECT_THAT(digits, AnyOf(21U, 22U, 39U, 40U));
  }
  EXPECT_LT(compare_sequence_numbers("999", "1000"), 0);
  EXPECT_GT(compare_sequence_numbers("1001", "1000"), 0);
  EXPECT_EQ(compare_sequence_numbers("1000", "1000"), 0);
}

TEST_F(ServiceTest, EveryFaultIsRetriedOrSaid) {
  put(1, 1);
  transport_.fault_percent = 100;

  for (int call = 0; call < 300; ++call) {
    try {
      api().describe_table("orders");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::transient) << error.what();
    }
  }
}

}  // namespace
}  // namespace dynamite::sim
