#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "json/text.hpp"
#include "pg/pg_error.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string random_base64(std::size_t bytes) {
  std::mt19937 random{4711};
  std::string raw, text;
  for (std::size_t i = 0; i < bytes; ++i) raw += static_cast<char>(random());
  append_base64(text, raw);
  return text;
}

class PoisonTest : public ReplicaTest {
 protected:
  void refuse_value(const std::string& value) {
    query(fmt::format("ALTER TABLE orders ADD CONSTRAINT dba_check CHECK (item->>'v' <> '{}')",
                      value));
  }
  std::string epoch_of(const std::string& key) {
    return query(fmt::format("SELECT _epoch FROM orders WHERE pk = '{}'", key));
  }
  ApplyOutcome apply_with(const ApplyOptions& options, const std::vector<TestChange>& changes) {
    return Applier{*connection, options}.apply(
        {.table = orders, .batch = batch_of(orders, changes)});
  }
};

TEST_F(PoisonTest, ARefusedRowBecomesADeadLetterAndTheOthersAreApplied) {
  refuse_value("bad");
  std::vector<TestChange> changes;
  for (std::uint64_t i = 1; i <= 9; ++i)
    changes.push_back(put(fmt::format("k{}", i), i, i == 5 ? "bad" : "x"));

  const ApplyOutcome outcome = apply(changes);

  EXPECT_EQ(query("SELECT string_agg(pk, '' ORDER BY pk) FROM orders"), "k1k2k3k4k6k7k8k9");
  EXPECT_EQ(dead_letters(),
            "6|5|PostgreSQL refused a value (SQLSTATE 23514), table \"orders\", "
            "constraint \"dba_check\"|23514|dba_check");
  EXPECT_EQ(outcome.applied, 8U);
  EXPECT_EQ(outcome.dead_letters, 1U);
}

TEST_F(PoisonTest, ADeadLetterHoldsTheRecordAsItArrived) {
  refuse_value("bad");

  apply({put("k1", 5, "bad")});

  EXPECT_EQ(
      query(fmt::format("SELECT convert_from(record, 'UTF8') FROM {}.dead_letter", state_schema())),
      item("k1", "bad"));
}

TEST_F(PoisonTest, ARepeatedRecordIsOneDeadLetter) {
  refuse_value("bad");
  apply({put("k1", 5, "bad")});

  apply({put("k1", 5, "bad")});

  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema())), "1");
}

TEST_F(PoisonTest, TheCheckpointMovesPastADeadLetter) {
  refuse_value("bad");

  apply({put("k1", 5, "bad")}, {}, {.lane = "shard/1/a", .position = "5"});

  EXPECT_EQ(query(fmt::format("SELECT position FROM {}.checkpoint", state_schema())), "5");
}

TEST_F(PoisonTest, ADeferredConstraintRefusesOnlyItsRow) {
  query("CREATE TABLE allowed (name text PRIMARY KEY)");
  query("INSERT INTO allowed VALUES ('good')");
  query(
      "ALTER TABLE orders ADD COLUMN name text GENERATED ALWAYS AS (item->>'v') STORED "
      "REFERENCES allowed DEFERRABLE INITIALLY DEFERRED");

  apply({put("k1", 1, "good"), put("k2", 2, "bad"), put("k3", 3, "good")});

  EXPECT_EQ(rows(), "k1|good|1|0\nk3|good|3|0");
  EXPECT_THAT(dead_letters(), HasSubstr("|23503|orders_name_fkey"));
}

TEST_F(PoisonTest, AColumnTooSmallRefusesOnlyItsRow) {
  query(
      "ALTER TABLE orders ADD COLUMN small smallint GENERATED ALWAYS AS ((item->>'v')::smallint) "
      "STORED");

  apply({put("k1", 1, "7"), put("k2", 2, "70000")});

  EXPECT_EQ(rows(), "k1|7|1|0");
  EXPECT_THAT(dead_letters(), HasSubstr("|22003|NULL"));
}

TEST_F(PoisonTest, AKeyTooLongForTheIndexBecomesADeadLetter) {
  orders = make_replica(keys(KeyType::B, KeyType::B), "long_keys");
  const std::string image = fmt::format(R"({{"pk":{{"B":"{}"}},"sk":{{"B":"{}"}}}})",
                                        random_base64(2048), random_base64(1024));

  apply({put_item(image, 1), put_item(R"({"pk":{"B":"AA=="},"sk":{"B":"AA=="}})", 2)});

  EXPECT_EQ(query("SELECT count(*) FROM long_keys"), "1");
  EXPECT_THAT(dead_letters(), StartsWith("3080|1|PostgreSQL: index row size"));
  EXPECT_THAT(dead_letters(), HasSubstr("|54000|long_keys_pkey"));
}

TEST_F(PoisonTest, TheRemoveOfAKeyTooLongForTheIndexIsADeadLetterToo) {
  orders = make_replica(keys(KeyType::B, KeyType::B), "long_keys");
  const std::string image = fmt::format(R"({{"pk":{{"B":"{}"}},"sk":{{"B":"{}"}}}})",
                                        random_base64(2048), random_base64(1024));

  const ApplyOutcome outcome = apply({remove_item(image, 1)});

  EXPECT_EQ(outcome.dead_letters, 1U);
}

TEST_F(PoisonTest, ALongKeyThatCompressesIsARow) {
  orders = make_replica(keys(KeyType::S, KeyType::S), "long_keys");

  apply({put_item(fmt::format(R"({{"pk":{{"S":"{}"}},"sk":{{"S":"{}"}}}})", std::string(2048, 'p'),
                              std::string(1024, 's')),
                  1)});

  EXPECT_EQ(query("SELECT count(*) FROM long_keys"), "1");
}

TEST_F(PoisonTest, UPlus0000InAKeyBecomesADeadLetter) {
  Batch batch = batch_of(orders, {put("k1", 1), put("k2", 2)});
  const std::string key{"\0\0\0\2k\0", 6};
  batch.changes[0].key = key;
  batch.changes[0].image = R"({"pk":{"S":"k\u0000"}})";

  const ApplyOutcome outcome = Applier{*connection, {}}.apply({.table = orders, .batch = batch});

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(
      dead_letters(),
      "6|1|attribute \"pk\", type S: key attribute \"pk\" holds U+0000, which PostgreSQL cannot "
      "store|NULL|NULL");
  EXPECT_EQ(rows(), "k2|2|2|0");
}

TEST_F(PoisonTest, UPlus0000InAnAttributesNameBecomesADeadLetter) {
  apply({put_item(R"({"pk":{"S":"k1"},"a\u0000b":{"S":"x"}})", 1), put("k2", 2)});

  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_THAT(dead_letters(), StartsWith("6|1|"));
}

TEST_F(PoisonTest, AMalformedImageBecomesADeadLetter) {
  apply({put_item(R"({"pk":{"S":"k1"},"a":{"X":"x"}})", 1),
         put_item(R"({"pk":{"S":"k2"},"a":{"S":"x","N":"1"}})", 2),
         put_item(R"({"pk":{"S":"k3"},"a":{}})", 3),
         put_item(R"({"pk":{"S":"k4"},"a":{"N":"one"}})", 4), put("k5", 5)});

  EXPECT_EQ(rows(), "k5|5|5|0");
  EXPECT_EQ(query(fmt::format("SELECT version FROM {}.dead_letter ORDER BY 1", state_schema())),
            "1\n2\n3\n4");
}

TEST_F(PoisonTest, ARejectedRecordBecomesADeadLetter) {
  Batch batch = batch_of(orders, {put("k1", 1)});
  batch.rejected.push_back({.record = "{broken",
                            .reason = "not JSON",
                            .sequence_number = "77",
                            .version = Version{0, "77"}});
  batch.rejected.push_back({.record = "{worse", .reason = "no number", .sequence_number = ""});

  const ApplyOutcome outcome = Applier{*connection, {}}.apply({.table = orders, .batch = batch});

  EXPECT_EQ(outcome.records, 3U);
  EXPECT_EQ(dead_letters(), "0|77|not JSON|NULL|NULL\n0|0|no number|NULL|NULL");
  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(PoisonTest, TheCheckpointCountsRejectedRecordsAsTheOutcomeDoes) {
  Batch batch = batch_of(orders, {put("k1", 1), put("k1", 2)});
  batch.rejected.push_back({.record = "{broken", .reason = "not JSON", .sequence_number = "77"});

  const ApplyOutcome outcome = Applier{*connection, {}}.apply(
      {.table = orders, .batch = batch, .checkpoint = Checkpoint{"shard/1/a", "77"}});

  EXPECT_EQ(outcome.records, 3U);
  EXPECT_EQ(query(fmt::format("SELECT records FROM {}.checkpoint", state_schema())), "3");
}

TEST_F(PoisonTest, StopThrowsAtTheFirstRefusalAndAppliesNothing) {
  refuse_value("bad");

  const Error error = error_of([&] {
    apply_with({.on_poison = OnPoison::stop}, {put("k1", 1, "good"), put("k2", 2, "bad")});
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(PoisonTest, StopThrowsAtAMalformedImage) {
  const Error error = error_of([&] {
    apply_with({.on_poison = OnPoison::stop}, {put_item(R"({"pk":{"S":"k1"},"a":{"X":"x"}})", 1)});
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(PoisonTest, StopThrowsAtARejectedRecord) {
  Batch batch = batch_of(orders, {put("k1", 1)});
  batch.rejected.push_back({.record = "{", .reason = "not JSON", .sequence_number = "77"});

  const Error error = error_of([&] {
    Applier{*connection, {.on_poison = OnPoison::stop}}.apply({.table = orders, .batch = batch});
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(rows(), "");
}

TEST_F(PoisonTest, TooManyDeadLettersStopTheTable) {
  refuse_value("bad");

  const Error error = error_of([&] {
    apply_with({.dead_letters_max = 2},
               {put("k1", 1, "bad"), put("k2", 2, "bad"), put("k3", 3, "bad"), put("k4", 4)});
  });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_STREQ(
      error.what(),
      "PostgreSQL: \"orders\" has more than 2 dead letters within an hour (SQLSTATE DY004)");
  EXPECT_EQ(rows() + dead_letters(), "");
}

TEST_F(PoisonTest, AsManyDeadLettersAsAllowedDoNotStop) {
  refuse_value("bad");

  apply_with({.dead_letters_max = 2}, {put("k1", 1, "bad"), put("k2", 2, "bad"), put("k4", 4)});

  EXPECT_EQ(rows(), "k4|4|4|0");
}

TEST_F(PoisonTest, DeadLettersOfAnHourAgoDoNotCount) {
  refuse_value("bad");
  apply_with({.dead_letters_max = 1}, {put("k1", 1, "bad")});
  query(fmt::format("UPDATE {}.dead_letter SET created_at = now() - interval '61 minutes'",
                    state_schema()));

  apply_with({.dead_letters_max = 1}, {put("k2", 2, "bad")});

  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema())), "2");
}

TEST_F(PoisonTest, AnErrorThatNobodyKnowsStopsInsteadOfDeadLettering) {
  query(
      "CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN RAISE EXCEPTION 'no'; END $$");
  query("CREATE TRIGGER complain BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION complain()");

  const Error error = error_of([&] { apply({put("k1", 1)}); });

  EXPECT_EQ(error.kind(), Error::Kind::bug);
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(PoisonTest, ARefusedScannedItemKeepsItsRowThroughTheSweep) {
  apply({put("k1", 1, "old"), put("k2", 2)});
  refuse_value("bad");
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned("k1", "bad")});
  end_pass(pass);

  EXPECT_EQ(rows(), "k1|old|1|1");
  EXPECT_THAT(dead_letters(), HasSubstr("|0|PostgreSQL refused a value (SQLSTATE 23514)"));
}

TEST_F(PoisonTest, AMalformedScannedItemKeepsItsRowThroughTheSweep) {
  apply({put("k1", 1, "old"), put("k2", 2)});
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned_item(R"({"pk":{"S":"k1"},"a\u0000b":{"S":"x"}})")});
  end_pass(pass);

  EXPECT_EQ(rows(), "k1|old|1|1");
}

TEST_F(PoisonTest, ARowThatBreaksALaterConstraintDoesNotStopThePass) {
  apply({put("k1", 1, "bad"), put("k2", 2)});
  query("ALTER TABLE orders ADD CONSTRAINT dba_check CHECK (item->>'v' <> 'bad') NOT VALID");
  const std::int32_t pass = start_pass();

  const ApplyOutcome outcome = apply_scanned(pass, {scanned("k1", "bad"), scanned("k2", "scan")});

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(epoch_of("k2"), "1");
}

// The placeholder of a remove is an empty item, which such a constraint refuses.
TEST_F(PoisonTest, ARemoveOfAnUnknownKeyPassesAConstraintOnTheItem) {
  query("ALTER TABLE orders ADD CONSTRAINT dba_check CHECK (item ? 'v')");

  const ApplyOutcome outcome = apply({removal("k1", 1), put("k2", 2)});

  EXPECT_EQ(tombstones(), "k1|1|0");
  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_EQ(outcome.dead_letters, 0U);
  EXPECT_EQ(outcome.applied, 2U);
}

TEST_F(PoisonTest, ARemoveThatAForeignKeyOfTheDbaForbidsIsADeadLetter) {
  apply({put("k1", 1), put("k2", 2)});
  query("CREATE TABLE notes (pk text COLLATE \"C\" REFERENCES orders)");
  query("INSERT INTO notes VALUES ('k1')");

  const ApplyOutcome outcome = apply({removal("k1", 3), removal("k2", 4)});

  EXPECT_EQ(rows(), "k1|1|1|0");
  EXPECT_EQ(tombstones(), "k2|4|0");
  EXPECT_EQ(outcome.dead_letters, 1U);
}

}  // namespace
}  // namespace dynamite::test
