#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "mapping/hash_key.hpp"
#include "replica/comparison.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"
#include "replica/state/plan.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The owner is the role of this test; the writer has what docs/configuration.md, "Roles in
/// PostgreSQL", gives it.
class RolesTest : public ReplicaTest {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    writer_ = make_role("writer");
    query(fmt::format("GRANT USAGE ON SCHEMA {}, {} TO {}", schema(), state_schema(), writer_));
    query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {}, {} TO {}",
                      schema(), state_schema(), writer_));
    connection.emplace(connect_as(writer_));
  }

  std::string grant_to_reader() {
    const std::string reader = make_role("reader");
    pg::Connection owner = connect();
    Planner planner{owner, state_schema()};
    planner.execute(planner.plan_grants(orders, {reader}));
    return reader;
  }

  /// Lets `orders` be the table "ruled" instead, with a target of that mapping. The writer gets its
  /// rights on `tables` of the replicas' schema, and on the tombstones.
  void make_ruled(const Mapping& mapping, const std::vector<std::string>& tables) {
    Replica wanted = wanted_replica(keys(KeyType::S), "ruled");
    wanted.targets = {new_target(state_schema(), schema(), "ruled", keys(KeyType::S), mapping)};
    connection.emplace(connect());
    orders = make_replica(wanted);
    query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}",
                      state_schema(), writer_));
    for (const std::string& table : tables)
      query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON {}.{} TO {}", schema(), table,
                        writer_));
    connection.emplace(connect_as(writer_));
  }

  std::string writer_;
};

TEST_F(RolesTest, AWriterAppliesPutsRemovesAndCheckpoints) {
  apply({put("k1", 1), put("k2", 2)}, {}, {.lane = "shard/1/a", .position = "2"});

  apply({removal("k1", 3), removal("k3", 4)}, {}, {.lane = "shard/1/a", .position = "4"});

  EXPECT_EQ(rows(), "k2|2|2|0");
  EXPECT_EQ(tombstones(), "k1|3|0\nk3|4|0");
}

TEST_F(RolesTest, AWriterWritesDeadLetters) {
  query("ALTER TABLE orders ADD CHECK (item->>'v' <> 'bad')");

  apply({put("k1", 1, "bad"), removal("k2", 2), put("k3", 3)});

  EXPECT_EQ(rows(), "k3|3|3|0");
  EXPECT_THAT(dead_letters(), HasSubstr("23514"));
}

TEST_F(RolesTest, AWriterGoesThroughAPassAndATakeover) {
  apply({put("k1", 1)});
  const std::int64_t owner = take_over(*connection, orders, {});
  record_gap(*connection, orders, {"arn:stream", "", "trimmed"});
  note_stream(*connection, orders, "arn:stream", 1);
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k2", "scan")});

  end_pass(pass);
  expire_tombstones(*connection, orders);
  give_back(*connection, orders, owner, {});

  EXPECT_EQ(rows(), "k2|scan|0|1");
}

TEST_F(RolesTest, AWriterCompares) {
  apply({put("k1", 1)});
  Comparison comparison{*connection, orders};

  EXPECT_THAT(comparison.ghosts(10), Not(IsEmpty()));
}

TEST_F(RolesTest, AWriterNeedsNothingElseWhateverTheRulesOfItsTarget) {
  const auto key = std::make_shared<const HashKey>("a secret of enough bytes");
  const MappingRules rules{.where = "v <> 'other'",
                           .hash = {"v"},
                           .hash_fingerprint = key->fingerprint(),
                           .keep_removed = true,
                           .keep_expired = true,
                           .history = true,
                           .history_keep = std::chrono::hours{48}};
  make_ruled({.rules = rules, .hash_key = key}, {"ruled", "ruled_history"});

  apply({put("k1", 1, "a"), put("k2", 2, "a"), put("k3", 3, "a"), put("k4", 4, "a")});
  apply({removal("k1", 5), removal("k2", 6).expired(), put("k3", 7, "other")});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k5", "a")});  // k4 is gone
  end_pass(pass);
  expire_tombstones(*connection, orders);

  EXPECT_EQ(query("SELECT pk, removed_at IS NULL FROM ruled ORDER BY pk"),
            "k1|f\nk2|f\nk4|f\nk5|t");
  EXPECT_EQ(query("SELECT string_agg(change, ' ' ORDER BY pk, _version) FROM ruled_history"),
            "put removed put expired put left put swept scanned");
  EXPECT_GT(expire_histories(*connection, orders), 0U);
}

// Unseen, its rows would neither be updated nor swept, and would compare as if they were not there.
TEST_F(RolesTest, APolicyThatHidesRowsFromTheWriterIsAnErrorWhateverItDoes) {
  apply({put("k1", 1)});
  query("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
  query("CREATE POLICY tenant ON orders USING (pk LIKE 'a%') WITH CHECK (true)");
  const std::int32_t pass = start_pass();
  const auto expect_refusal = [](const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.what(), HasSubstr("row-level security policy for table \"orders\""));
    EXPECT_THAT(error.hint(), HasSubstr("BYPASSRLS"));
  };

  expect_refusal(error_of([&] { apply({put("a1", 2)}); }));
  expect_refusal(error_of([&] { apply({removal("k1", 2)}); }));
  expect_refusal(error_of([&] { apply_scanned(pass, {scanned("a2", "scan")}); }));
  expect_refusal(error_of([&] { end_pass(pass); }));
  expect_refusal(error_of([&] { Comparison{*connection, orders}.ghosts(10); }));
  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(RolesTest, AWriterCannotMakeTables) {
  Planner planner{*connection, state_schema()};
  const ReplicaPlan plan = planner.plan_replica(wanted_replica(keys(KeyType::S), "more"));

  const Error error = error_of([&] { planner.execute(plan.sql); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("permission denied"));
}

TEST_F(RolesTest, AReaderReadsReplicaAndStatus) {
  apply({put("k1", 1)});
  pg::Connection reader = connect_as(grant_to_reader());

  EXPECT_EQ(reader.run(fmt::format("SELECT pk FROM {}", orders.targets.front().qualified_name()))
                .at(0, 0),
            "k1");
  EXPECT_EQ(reader.run(fmt::format("SELECT table_name FROM {}.status", state_schema())).at(0, 0),
            "orders");
}

TEST_F(RolesTest, AReaderDoesNotReadDeadLettersOrTombstones) {
  pg::Connection reader = connect_as(grant_to_reader());

  for (const std::string& table :
       {state_schema() + ".dead_letter", orders.targets.front().tombstones}) {
    const Error error = error_of([&] { reader.run("SELECT * FROM " + table); });
    EXPECT_THAT(error.what(), HasSubstr("42501")) << table;
  }
}

TEST_F(RolesTest, AReaderDoesNotWrite) {
  pg::Connection reader = connect_as(grant_to_reader());

  EXPECT_THAT(error_of([&] {
                reader.run(fmt::format("DELETE FROM {}", orders.targets.front().qualified_name()));
              }).what(),
              HasSubstr("42501"));
}

TEST_F(RolesTest, GrantsThatAreThereAreNotPlannedAgain) {
  const std::string reader = grant_to_reader();
  pg::Connection owner = connect();

  EXPECT_THAT((Planner{owner, state_schema()}.plan_grants(orders, {reader})), IsEmpty());
}

TEST_F(RolesTest, ARoleThatIsNotThereIsAnError) {
  pg::Connection owner = connect();

  EXPECT_EQ(error_of([&] {
              Planner{owner, state_schema()}.plan_grants(orders, {"nobody_here"});
            }).kind(),
            Error::Kind::usage);
}

// --- what a DBA adds ---

TEST_F(RolesTest, TheDbasIndexGeneratedColumnAndTriggerSurvive) {
  query("ALTER TABLE orders ADD COLUMN v text GENERATED ALWAYS AS (item->>'v') STORED");
  query("CREATE INDEX by_v ON orders (v)");
  query("CREATE TABLE audit (what text, pk text)");
  query(
      "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
      "INSERT INTO audit VALUES (tg_op, coalesce(new.pk, old.pk)); RETURN NULL; END $$");
  query(fmt::format("ALTER FUNCTION audit() SET search_path = {}", schema()));
  query(
      "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON orders "
      "FOR EACH ROW EXECUTE FUNCTION audit()");

  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  apply({put("k1", 3, "c"), removal("k2", 4)});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k5", "scan")});
  end_pass(pass);

  EXPECT_EQ(query("SELECT pk, v FROM orders"), "k5|scan");
  EXPECT_EQ(query("SELECT string_agg(what || ' ' || pk, ', ') FROM audit"),
            "INSERT k1, INSERT k2, UPDATE k1, DELETE k2, INSERT k5, DELETE k1");
}

TEST_F(RolesTest, AReaderReadsTheHistoryThatComesAndGoesWithItsReplica) {
  Replica wanted = wanted_replica(keys(KeyType::S), "noted");
  wanted.targets = {new_target(state_schema(), schema(), "noted", keys(KeyType::S),
                               {.rules = {.history = true}})};
  pg::Connection owner = connect();
  Planner planner{owner, state_schema()};
  planner.execute(planner.plan_replica(wanted).sql);
  const Replica noted = planner.find(wanted.source->arn).value();
  const std::string role = make_role("reader");

  planner.execute(planner.plan_grants(noted, {role}));

  pg::Connection reader = connect_as(role);
  for (const std::string table : {"noted_history", "noted_ranges"})
    EXPECT_EQ(reader.run(fmt::format("SELECT count(*) FROM {}.{}", schema(), table)).at(0, 0), "0");
  EXPECT_THAT(planner.plan_grants(noted, {role}), IsEmpty());
  planner.execute(planner.plan_drop(noted));
  EXPECT_EQ(query("SELECT to_regclass('noted_history'), to_regclass('noted_ranges')"), "NULL|NULL");
}

}  // namespace
}  // namespace dynamite::test
