#include <fmt/format.h>
#include <gmock/gmock.h>

#include "pg/pg_error.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

/// Rows k1, k2 and k3 of which no pass finds an item. PostgreSQL does not let k2 go.
class SweepPoisonTest : public ReplicaTest {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    apply({put("k1", 1), put("k2", 2), put("k3", 3)});
  }

  void refer_to(const std::string& key, const std::string& when = "") {
    query("CREATE TABLE IF NOT EXISTS notes (pk text COLLATE \"C\" REFERENCES orders " + when +
          ")");
    query(fmt::format("INSERT INTO notes VALUES ('{}')", key));
  }
  void keep_without_a_word(const std::string& key) {
    query(
        fmt::format("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "IF OLD.pk = '{}' THEN RETURN NULL; END IF; RETURN OLD; END $$",
                    key));
    query("CREATE TRIGGER keep BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep()");
  }
  SweepOutcome sweep(const ApplyOptions& options = {}) {
    const std::int32_t pass = start_pass();
    Passes passes{*connection, orders};
    passes.begin_sweep(pass, {});
    return passes.sweep(pass, options, {});
  }
  std::string letters() {
    return query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema()));
  }
  PassState::Phase phase() { return Passes{*connection, orders}.state().phase; }
};

TEST_F(SweepPoisonTest, ARowThatAForeignKeyKeepsIsADeadLetterAndThePassIsComplete) {
  record_gap(*connection, orders, {"arn:stream", "shard-1", "trimmed"});
  refer_to("k2");

  const SweepOutcome outcome = sweep();

  EXPECT_EQ(outcome.deleted, 2U);
  EXPECT_EQ(outcome.kept, 1U);
  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_EQ(tombstones(), "k1|1|1\nk3|3|1");
  EXPECT_EQ(dead_letters(),
            "6|2|the pass found no item, but its row cannot be deleted: PostgreSQL refused a value "
            "(SQLSTATE 23503), table \"notes\", constraint \"notes_pk_fkey\"|23503|notes_pk_fkey");
  EXPECT_EQ(
      query(fmt::format("SELECT convert_from(record, 'UTF8') FROM {}.dead_letter", state_schema())),
      R"({"eventSource":"dynamite:sweep","eventName":"REMOVE","dynamodb":{"Keys":{"pk":{"S":"k2"}}}})");
  EXPECT_EQ(phase(), PassState::Phase::none);
  EXPECT_FALSE((Passes{*connection, orders}.state().gap_open));
}

TEST_F(SweepPoisonTest, AForeignKeyThatIsDeferredKeepsOnlyItsRow) {
  refer_to("k2", "DEFERRABLE INITIALLY DEFERRED");

  EXPECT_EQ(sweep().kept, 1U);

  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_THAT(dead_letters(), HasSubstr("notes_pk_fkey"));
}

TEST_F(SweepPoisonTest, ATriggerThatRefusesADataErrorKeepsOnlyItsRow) {
  query(
      "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF OLD.pk = 'k2' THEN RAISE EXCEPTION 'no' USING ERRCODE = '23001'; END IF; "
      "RETURN OLD; END $$");
  query("CREATE TRIGGER keep BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep()");

  EXPECT_EQ(sweep().kept, 1U);

  EXPECT_EQ(rows(), "k2|2|2|0");
}

TEST_F(SweepPoisonTest, ATriggerThatKeepsARowWithoutAWordIsNoticed) {
  keep_without_a_word("k2");

  const SweepOutcome outcome = sweep();

  EXPECT_EQ(outcome.deleted, 2U);
  EXPECT_EQ(outcome.kept, 1U);
  EXPECT_THAT(dead_letters(), HasSubstr("a trigger or rule of the replica keeps it"));
}

// The pass has written the row, but a newer tombstone covers it.
TEST_F(SweepPoisonTest, SoIsACoveredRowThatATriggerKeeps) {
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k1", "1"), scanned("k2", "2"), scanned("k3", "3")});
  query(fmt::format("INSERT INTO {} (k1, version, epoch) VALUES ('k2', 9, {})",
                    orders.targets.front().tombstones, pass));
  keep_without_a_word("k2");
  Passes passes{*connection, orders};
  passes.begin_sweep(pass, {});

  const SweepOutcome outcome = passes.sweep(pass, {}, {});

  EXPECT_EQ(outcome.deleted, 0U);
  EXPECT_EQ(outcome.kept, 1U);
  EXPECT_THAT(dead_letters(), HasSubstr("a trigger or rule of the replica keeps it"));
  EXPECT_EQ((DeadLetters{*connection, orders}.discard_overtaken()), 0U);
}

TEST_F(SweepPoisonTest, CompositeAndBinaryKeysAreNamedAsTheyAre) {
  orders = make_replica(keys(KeyType::N, KeyType::B), "composite");
  apply({put_item(R"({"pk":{"N":"1.50"},"sk":{"B":"AP8="}})", 1),
         put_item(R"({"pk":{"N":"2"},"sk":{"B":"AP8="}})", 2)});
  query("CREATE TABLE notes (pk numeric, sk bytea, FOREIGN KEY (pk, sk) REFERENCES composite)");
  query("INSERT INTO notes SELECT pk, sk FROM composite WHERE pk = 1.5");

  EXPECT_EQ(sweep().kept, 1U);

  EXPECT_THAT(
      query(fmt::format("SELECT convert_from(record, 'UTF8') FROM {}.dead_letter", state_schema())),
      HasSubstr(R"("sk":{"B":"AP8="}})"));
  EXPECT_EQ(query("SELECT count(*) FROM composite"), "1");
}

TEST_F(SweepPoisonTest, EachPassTriesAgainAndAKeyHasOneLetter) {
  refer_to("k2");
  sweep();
  EXPECT_EQ(sweep().kept, 1U);
  EXPECT_EQ(letters(), "1");

  query("DELETE FROM notes");
  EXPECT_EQ(sweep().deleted, 1U);

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|1|1\nk2|2|3\nk3|3|1");
  EXPECT_EQ(letters(), "0");
}

TEST_F(SweepPoisonTest, ARemoveThatIsALetterAlreadyIsEnough) {
  refer_to("k2");
  apply({removal("k2", 5)});

  sweep();

  EXPECT_EQ(letters(), "1");
}

TEST_F(SweepPoisonTest, ASweepThatIsRunTwiceChangesNothing) {
  refer_to("k2");
  const std::int32_t pass = start_pass();
  Passes passes{*connection, orders};
  passes.begin_sweep(pass, {});
  Sweep{*connection, orders, orders.targets.front(), pass, {}}.run(
      {});  // and the process dies before the pass is complete
  EXPECT_EQ(phase(), PassState::Phase::sweeping);
  DeadLetters{*connection, orders}.discard_overtaken();
  EXPECT_EQ(letters(), "1");

  const SweepOutcome outcome = passes.sweep(pass, {}, {});

  EXPECT_EQ(outcome.deleted, 0U);
  EXPECT_EQ(outcome.kept, 1U);
  EXPECT_EQ(letters(), "1");
  EXPECT_EQ(phase(), PassState::Phase::none);
}

TEST_F(SweepPoisonTest, ARepeatedPutOfARowThatWasKeptChangesNothing) {
  refer_to("k2");
  sweep();

  apply({put("k2", 2), put("k1", 1)});

  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_EQ(letters(), "1");
}

TEST_F(SweepPoisonTest, ALaterRecordOvertakesTheLetter) {
  refer_to("k2");
  sweep();
  apply({put("k2", 7, "anew")});

  EXPECT_EQ((DeadLetters{*connection, orders}.discard_overtaken()), 1U);

  EXPECT_EQ(rows(), "k2|anew|7|1");
}

TEST_F(SweepPoisonTest, APassThatFindsTheItemAgainDiscardsTheLetter) {
  refer_to("k2");
  sweep();
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k2", "back")});

  end_pass(pass);

  EXPECT_EQ(rows(), "k2|back|2|2");
  EXPECT_EQ(letters(), "0");
}

// Its version is 0, which is no record's.
TEST_F(SweepPoisonTest, TheLetterOfARowThatOnlyAScanWroteGoesWithTheRow) {
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k9", "scan")});
  end_pass(pass);
  refer_to("k9");
  sweep();
  EXPECT_EQ(letters(), "1");
  EXPECT_EQ((DeadLetters{*connection, orders}.discard_overtaken()), 0U);
  query("DELETE FROM notes");
  query("DELETE FROM orders");

  EXPECT_EQ((DeadLetters{*connection, orders}.discard_overtaken()), 1U);
}

TEST_F(SweepPoisonTest, StopsTheTableIfItIsTold) {
  refer_to("k2");

  const Error error = error_of([&] { sweep({.on_poison = OnPoison::stop}); });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(letters(), "0");
  EXPECT_EQ(phase(), PassState::Phase::sweeping);
}

TEST_F(SweepPoisonTest, TooManyStopTheTable) {
  for (const char* key : {"k1", "k2", "k3"}) refer_to(key);

  const Error error = error_of([&] { sweep({.dead_letters_max = 2}); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("more than 2 dead letters"));
  EXPECT_EQ(letters(), "0");
  EXPECT_EQ(phase(), PassState::Phase::sweeping);
}

}  // namespace
}  // namespace dynamite::test
