#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "decode/records.hpp"
#include "support/local_dynamodb.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A table whose replica refuses the value "bad", until the constraint goes.
class DeadLettersTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Letters", keys(KeyType::S));
    ASSERT_EQ(run({"bootstrap"}).status, 0);
    query(fmt::format(
        "ALTER TABLE {} ADD CONSTRAINT no_bad CHECK (item->>'v' IS DISTINCT FROM 'bad')",
        replica()));
  }

  std::string replica() const { return fmt::format("{}.\"{}\"", schema(), table_); }
  void allow() { query(fmt::format("ALTER TABLE {} DROP CONSTRAINT no_bad", replica())); }
  void write(const std::string& key, const std::string& value) {
    source_.api().put_item(table_, item(key, value));
  }

  Finished run(std::vector<std::string> command) const {
    command.insert(command.end(), {"--table", table_});
    return run_program(std::move(command), {{"DYNAMITE_URL", url()},
                                            {"DYNAMITE_SCHEMA", schema()},
                                            {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                            {"AWS_ENDPOINT_URL", source_.endpoint()}});
  }
  /// Applies a record of the table's stream as it is.
  Finished apply_record(const std::string& name, const std::string& keys,
                        const std::string& new_image) {
    RecordText record;
    record.name = "\"" + name + "\"";
    record.arn = "\"" + source_.api().describe_table(table_).latest_stream_arn + "\"";
    record.keys = keys;
    record.new_image = new_image;
    record.sequence_number = fmt::format("\"{}\"", ++records_);
    const std::string file = ::testing::TempDir() + schema() + ".json";
    std::ofstream{file} << event_of({record.json()});
    const Finished applied = run({"apply", "--as-recorded", file});
    std::filesystem::remove(file);
    return applied;
  }
  std::string rows() {
    return query(fmt::format("SELECT pk, item->>'v' FROM {} ORDER BY pk", replica()));
  }
  std::string letters() {
    return query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema()));
  }
  std::string newest_letter() {
    return query(fmt::format("SELECT max(dead_letter_id) FROM {}.dead_letter", state_schema()));
  }

  LocalDynamoDb source_;
  std::string table_;
  int records_ = 0;
};

TEST_F(DeadLettersTest, AreListedWithoutWhatIsInThem) {
  write("secret-key", "bad");
  ASSERT_EQ(run({"replicate", "--once"}).status, 0);

  const Finished list = run({"dead-letters"});
  EXPECT_EQ(list.status, 0) << list.errors;
  EXPECT_THAT(list.output, HasSubstr(table_));
  EXPECT_THAT(list.output, HasSubstr("23514"));
  EXPECT_THAT(list.output, HasSubstr("(no_bad)"));
  EXPECT_THAT(list.output, Not(HasSubstr("secret-key")));

  const Finished shown = run({"dead-letters", "show", "--id", newest_letter()});
  EXPECT_THAT(shown.output, HasSubstr("constraint  no_bad"));
  EXPECT_THAT(shown.output, Not(HasSubstr("secret-key")));

  const Finished revealed = run({"dead-letters", "show", "--id", newest_letter(), "--reveal"});
  EXPECT_THAT(revealed.output, HasSubstr(R"(key         {"pk":{"S":"secret-key"}})"));
  EXPECT_THAT(revealed.output, HasSubstr(R"("v":{"S":"bad"})"));
}

TEST_F(DeadLettersTest, ARetryAppliesWhatTheTableHasNow) {
  for (const char* key : {"changed", "gone", "same"}) write(key, "bad");
  ASSERT_EQ(run({"replicate", "--once"}).status, 0);
  EXPECT_EQ(rows(), "");
  write("changed", "good");
  source_.api().delete_item(table_, R"({"pk":{"S":"gone"}})");
  allow();

  const Finished retried = run({"dead-letters", "retry", "--all"});

  EXPECT_EQ(retried.status, 0) << retried.errors;
  EXPECT_THAT(retried.output, HasSubstr("dead letters resolved, 0 refused again"));
  EXPECT_EQ(rows(), "changed|good\nsame|bad");
  EXPECT_EQ(letters(), "0");
  ASSERT_EQ(run({"replicate", "--once"}).status, 0);
  EXPECT_EQ(run({"compare"}).status, 0);
}

TEST_F(DeadLettersTest, WhatIsRefusedAgainStays) {
  write("a", "bad");
  ASSERT_EQ(run({"replicate", "--once"}).status, 0);
  const std::string before = letters();

  const Finished retried = run({"dead-letters", "retry", "--id", newest_letter()});

  EXPECT_EQ(retried.status, 3);
  EXPECT_THAT(retried.output, HasSubstr("1 refused again"));
  EXPECT_EQ(letters(), before);
}

TEST_F(DeadLettersTest, ARowThatNoSweepCanDeleteIsNamedUntilItGoes) {
  for (const char* key : {"a", "b", "c"}) write(key, "good");
  ASSERT_EQ(run({"snapshot"}).status, 0);
  query(fmt::format("CREATE TABLE {}.notes (pk text COLLATE \"C\" REFERENCES {})", schema(),
                    replica()));
  query(fmt::format("INSERT INTO {}.notes VALUES ('b')", schema()));
  for (const char* key : {"a", "b"})
    source_.api().delete_item(table_, fmt::format(R"({{"pk":{{"S":"{}"}}}})", key));

  const Finished copied = run({"snapshot"});

  EXPECT_EQ(copied.status, 0) << copied.errors;
  EXPECT_THAT(copied.errors, HasSubstr("rows without an item cannot be deleted"));
  EXPECT_EQ(rows(), "b|good\nc|good");
  const Finished compared = run({"compare"});
  EXPECT_EQ(compared.status, 3);
  EXPECT_THAT(compared.output, HasSubstr("1 ghosts"));
  EXPECT_THAT(compared.output, HasSubstr("\n  {\"pk\":{\"S\":\"b\"}}, dead letter 1\n"));
  EXPECT_THAT(compared.output, HasSubstr("1 of them are known: see `dynamite dead-letters"));
  const Finished status = run({"status"});
  EXPECT_EQ(status.status, 3);
  EXPECT_THAT(status.output, HasSubstr("1 of its rows have no item and cannot be deleted"));
  EXPECT_EQ(run({"dead-letters", "retry", "--all"}).status, 3);
  ASSERT_EQ(run({"snapshot"}).status, 0);
  EXPECT_EQ(letters(), "1");

  query(fmt::format("DELETE FROM {}.notes", schema()));
  const Finished retried = run({"dead-letters", "retry", "--all"});

  EXPECT_EQ(retried.status, 0) << retried.output << retried.errors;
  EXPECT_EQ(rows(), "c|good");
  EXPECT_EQ(letters(), "0");
  EXPECT_EQ(run({"compare"}).status, 0);
}

TEST_F(DeadLettersTest, AnItemThatAScanFoundIsRetriedToo) {
  write("a", "good");
  ASSERT_EQ(run({"snapshot"}).status, 0);
  write("a", "bad");
  ASSERT_EQ(run({"snapshot"}).status, 0);
  EXPECT_EQ(rows(), "a|good");
  EXPECT_EQ(letters(), "1");
  allow();

  EXPECT_EQ(run({"dead-letters", "retry", "--all"}).status, 0);

  EXPECT_EQ(rows(), "a|bad");
  EXPECT_EQ(letters(), "0");
}

TEST_F(DeadLettersTest, OneWhoseKeyWasWrittenAnewResolvesItself) {
  write("a", "bad");
  write("b", "bad");
  ASSERT_EQ(run({"replicate", "--once", "--no-snapshot"}).status, 0);
  EXPECT_EQ(letters(), "2");
  write("a", "good");

  ASSERT_EQ(run({"replicate", "--once", "--no-snapshot"}).status, 0);

  EXPECT_EQ(rows(), "a|good");
  EXPECT_EQ(letters(), "1");
}

// Of a record that is malformed the key is known all the same.
TEST_F(DeadLettersTest, OfAMalformedRecordAreRetriedByTheirKey) {
  allow();
  write("mended", "good");
  ASSERT_EQ(apply_record("UPSERT", R"({"pk":{"S":"mended"}})", "{}").status, 0);
  ASSERT_EQ(apply_record("INSERT", R"({"pk":{"S":"mended"}})", R"({"pk":{"S":"OTHER"}})").status,
            0);
  ASSERT_EQ(apply_record("INSERT", R"({"pk":{"S":"mended"}})", "{}").status, 0);
  EXPECT_EQ(letters(), "3");
  EXPECT_EQ(rows(), "");

  const Finished retried = run({"dead-letters", "retry", "--all"});

  EXPECT_EQ(retried.status, 0) << retried.output;
  EXPECT_EQ(letters(), "0");
  EXPECT_EQ(rows(), "mended|good");
}

TEST_F(DeadLettersTest, OneWithoutAKeyLeavesAGapWhenItIsDiscarded) {
  ASSERT_EQ(run({"replicate", "--once"}).status, 0);
  write("lost", "x");
  ASSERT_EQ(apply_record("INSERT", "{}", R"({"pk":{"S":"lost"}})").status, 0);
  EXPECT_EQ(letters(), "1");
  const Finished retried = run({"dead-letters", "retry", "--all"});
  EXPECT_EQ(retried.status, 3);
  EXPECT_THAT(retried.output, HasSubstr("discard them, which leaves a gap, and make a new pass"));

  const Finished discarded = run({"dead-letters", "discard", "--all"});

  EXPECT_THAT(discarded.output, HasSubstr("1 had no key"));
  EXPECT_EQ(
      query(fmt::format("SELECT count(*) FROM {}.gap WHERE healed_at IS NULL", state_schema())),
      "1");
  EXPECT_EQ(run({"status"}).status, 3);
  ASSERT_EQ(run({"snapshot"}).status, 0);
  EXPECT_EQ(run({"status"}).status, 0);
  EXPECT_EQ(run({"compare"}).status, 0);
}

TEST_F(DeadLettersTest, AreDiscardedOnlyWhereThatIsSaid) {
  write("a", "bad");
  write("b", "bad");
  ASSERT_EQ(run({"replicate", "--once", "--no-snapshot"}).status, 0);

  const Finished unsaid = run({"dead-letters", "discard"});
  EXPECT_EQ(unsaid.status, 2);
  EXPECT_THAT(unsaid.errors, HasSubstr("add --id N, or --all"));
  EXPECT_EQ(letters(), "2");

  run({"dead-letters", "discard", "--id", newest_letter()});
  EXPECT_EQ(letters(), "1");
  EXPECT_THAT(run({"dead-letters", "discard", "--all"}).output, HasSubstr("1 dead letters"));
  EXPECT_EQ(letters(), "0");
}

}  // namespace
}  // namespace dynamite::test
