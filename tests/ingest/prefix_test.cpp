#include "ingest/prefix.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "core/error.hpp"
#include "ingest/fixture.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A database that knows the keys that it refuses, and how many calls it has time for.
class ApplyPrefixTest : public ::testing::Test {
 protected:
  Batch batch_of(const std::vector<std::string>& records) {
    return only(decode_event(event_of(records), table_));
  }

  PrefixOutcome apply(const std::vector<std::string>& records) {
    return apply_prefix(batch_of(records), [&](const Batch& part) { return apply_part(part); });
  }

  ApplyOutcome apply_part(const Batch& part) {
    if (calls_left_-- == 0) throw Error{Error::Kind::transient, "out of time"};
    ++calls_;
    for (const Change& change : part.changes)
      if (refused_.contains(std::string{change.key.substr(change.key.size() - 1)}))
        throw Error{Error::Kind::poison, "refused"};
    for (const Change& change : part.changes) applied_ += change.key.back();
    return {.records = part.changes.size()};
  }

  std::vector<std::string> puts(std::string_view keys) {
    std::vector<std::string> records;
    std::uint64_t sequence_number = 98;
    for (const char key : keys)
      records.push_back(put_record(std::string(1, key), ++sequence_number));
    return records;
  }

  std::shared_ptr<const SourceTable> table_ = std::make_shared<SourceTable>(
      SourceTable{.arn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                  .key_schema = {.partition = {"pk", KeyType::S}, .sort = {}}});
  std::set<std::string> refused_;
  int calls_left_ = -1;
  int calls_ = 0;
  std::string applied_;
};

TEST_F(ApplyPrefixTest, EndsBeforeTheFirstRefusedRecordWhereverItStands) {
  const std::string keys = "abcdefghijk";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    refused_ = {keys.substr(i, 1), "k"};
    applied_.clear();

    const PrefixOutcome outcome = apply(puts(keys));

    ASSERT_TRUE(outcome.first_failure) << i;
    EXPECT_EQ(outcome.first_failure->sequence_number, std::to_string(99 + i));
    EXPECT_EQ(outcome.first_failure->reason, "refused");
    EXPECT_EQ(applied_, keys.substr(0, i));
    EXPECT_EQ(outcome.applied.records, i);
  }
}

TEST_F(ApplyPrefixTest, GoesByTheNumberAndNotByItsText) {
  refused_ = {"b"};

  const auto outcome = apply({put_record("b", 100), put_record("a", 99)});

  EXPECT_EQ(outcome.first_failure->sequence_number, "100");
  EXPECT_EQ(applied_, "a");
}

TEST_F(ApplyPrefixTest, NeedsFewCalls) {
  std::vector<std::string> records;
  for (int i = 0; i < 5'000; ++i) records.push_back(put_record(i == 3'210 ? "x" : "a", 1'000 + i));
  refused_ = {"x"};

  EXPECT_EQ(apply(records).first_failure->sequence_number, "4210");

  EXPECT_LT(calls_, 40);
}

TEST_F(ApplyPrefixTest, ARecordThatCannotBeReadIsAFailureToo) {
  refused_ = {"c"};
  auto records = puts("ab");
  records.push_back(
      record_of("MODIFY", stream_of("orders"), R"({"pk":{"N":"1"}})", R"({"pk":{"N":"1"}})", 101));
  records.push_back(put_record("c", 102));

  const auto outcome = apply(records);

  EXPECT_EQ(outcome.first_failure->sequence_number, "101");
  EXPECT_THAT(outcome.first_failure->reason, HasSubstr("pk"));
  EXPECT_EQ(applied_, "ab");
}

TEST_F(ApplyPrefixTest, WhenTimeRunsOutReportsTheFirstThatIsNotCommitted) {
  refused_ = {"h"};
  calls_left_ = 2;

  const auto outcome = apply(puts("abcdefgh"));

  EXPECT_EQ(applied_, "abcd");
  EXPECT_EQ(outcome.first_failure->sequence_number, "103");
  EXPECT_EQ(outcome.first_failure->reason, "out of time");
}

TEST_F(ApplyPrefixTest, WhenNothingIsCommittedAllMustBeRepeated) {
  calls_left_ = 0;

  EXPECT_EQ(failure_of([&] { apply(puts("ab")); }), "transient: out of time");
}

TEST_F(ApplyPrefixTest, WhatIsRefusedOnlyTogetherIsAppliedInParts) {
  const Batch batch = batch_of(puts("abcdef"));
  std::size_t applied = 0;

  const auto outcome = apply_prefix(batch, [&](const Batch& part) {
    if (part.changes.size() > 2) throw Error{Error::Kind::poison, "too many"};
    applied += part.changes.size();
    return ApplyOutcome{.records = part.changes.size()};
  });

  EXPECT_FALSE(outcome.first_failure);
  EXPECT_EQ(applied, 6U);
}

}  // namespace
}  // namespace dynamite::test
