#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "pg/identifier.hpp"
#include "replica/state/plan.hpp"
#include "replica/state/state_sql.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kArn = "arn:aws:dynamodb:ddblocal:000000000000:table/orders";
constexpr std::uint64_t kGeneration = 1'795'905'767'407;  // of the stream in the dump

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// What the dump of that version has; 1 for a version that had none.
std::int64_t number_of_mapping(int version) { return version == 3 ? 2 : 1; }

/// A test with a replica that the program made when it made state schemas of an older version.
class UpgradedTest : public PostgresTest {
 protected:
  void restore(int version) {
    const std::string name = fmt::format("version_{}", version);
    std::string dump = read_testdata("state_schema/" + name + ".sql");
    dump = replaced(std::move(dump), name + "_state", state_schema());
    run_in_psql(replaced(std::move(dump), name, schema()));
    connection_.emplace(connect());
  }

  void run_in_psql(const std::string& sql) {
    const std::string path = testing::TempDir() + schema() + ".sql";
    std::ofstream{path} << sql;
    const int status = std::system(
        fmt::format("psql --no-psqlrc -q -1 -v ON_ERROR_STOP=1 -f {} '{}' > /dev/null", path, url())
            .c_str());
    std::remove(path.c_str());
    ASSERT_EQ(status, 0);
  }

  Planner planner() { return {*connection_, state_schema()}; }
  void upgrade() { planner().execute(planner().plan_state()); }
  Replica replica() { return Catalogue{*connection_, state_schema()}.find(kArn).value(); }

  void apply(pg::Connection& connection, const std::vector<TestChange>& changes) {
    const Replica orders = replica();
    Applier{connection, {}}.apply({.table = orders, .batch = batch_of(orders, changes)});
  }

  /// All that a state schema consists of, but its rows, replicas' tombstones and the order of
  /// columns.
  std::string description(const std::string& state) {
    constexpr std::array<std::string_view, 7> kQueries{
        "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity "
        "FROM information_schema.columns WHERE table_schema = '{0}' "
        "AND table_name NOT LIKE 'tombstone%' ORDER BY 1, 2",
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = '{0}'::regnamespace AND contype <> 'n' "
        "AND conname NOT LIKE 'tombstone%' ORDER BY 2",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = '{0}' "
        "AND tablename NOT LIKE 'tombstone%' ORDER BY 1",
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = '{0}'::regnamespace "
        "ORDER BY 1",
        "SELECT pg_get_viewdef('{0}.status'::regclass)",
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE c.relnamespace = '{0}'::regnamespace AND NOT t.tgisinternal ORDER BY 1",
        "SELECT c.relname, a.attname, d.description FROM pg_description d "
        "JOIN pg_class c ON c.oid = d.objoid AND c.relnamespace = '{0}'::regnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid ORDER BY 1, 2"};
    std::string text;
    for (const std::string_view sql : kQueries)
      text += query(fmt::format(fmt::runtime(sql), state)) + "\n";
    return replaced(std::move(text), state, "STATE");
  }

  /// Every row of the replica and of the state, with the transactions that wrote the replica's.
  std::string contents() {
    std::string text = query("SELECT xmin, * FROM orders ORDER BY pk");
    text += query(fmt::format("SELECT xmin, * FROM {}",
                              quote_identifier(state_schema()) + "." +
                                  quote_identifier("tombstone_" + schema() + ".orders")));
    // Newer versions have more columns.
    for (const char* table : {"stream", "checkpoint", "dead_letter", "gap", "status"})
      text +=
          query(fmt::format("SELECT to_jsonb(t) - "
                            "'{{needs_pass, target_id, untaken, items_untaken}}'::text[] "
                            "FROM {}.{} t ORDER BY 1",
                            state_schema(), table));
    return text;
  }

  std::optional<pg::Connection> connection_;
};

/// Its parameter is the version.
class UpgradeTest : public UpgradedTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!HasFatalFailure()) restore(GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(, UpgradeTest, testing::Values(1, 2, 3), [](const auto& info) {
  return "FromVersion" + std::to_string(info.param);
});

TEST_P(UpgradeTest, AnUpgradedStateSchemaIsAsANewOne) {
  std::string sql = search_path_sql() + ";\n";
  for (const std::string& statement : planner().plan_state()) sql += statement + ";\n";
  run_in_psql(sql);  // as a DBA runs what `bootstrap --dry-run` prints
  Planner fresh{*connection_, "new_" + state_schema()};
  fresh.execute(fresh.plan_state());

  EXPECT_EQ(description(state_schema()), description("new_" + state_schema()));

  query("DROP SCHEMA new_" + state_schema() + " CASCADE");
  EXPECT_THAT(planner().plan_state(), IsEmpty());
}

TEST_P(UpgradeTest, EveryValueSurvivesAndNoRowOfTheReplicaIsWritten) {
  const std::string before = contents();

  upgrade();

  EXPECT_EQ(contents(), before);
  const Replica upgraded = replica();
  EXPECT_EQ(upgraded.id, 1);
  EXPECT_EQ(upgraded.mapping, number_of_mapping(GetParam()) + 1);
  ASSERT_EQ(upgraded.targets.size(), 1);
  EXPECT_EQ(upgraded.targets.front().mapping, Mapping{});
  EXPECT_EQ(upgraded.targets.front().since_epoch, 1);
  EXPECT_EQ(upgraded.targets.front().changed_at, std::nullopt);
  EXPECT_EQ(upgraded.targets.front().qualified_name(),
            new_target(state_schema(), schema(), "orders", keys(KeyType::S)).qualified_name());
  EXPECT_EQ(upgraded.targets.front().tombstones,
            new_target(state_schema(), schema(), "orders", keys(KeyType::S)).tombstones);
  EXPECT_EQ(
      query(fmt::format("SELECT fencing_number, oldest_stream FROM {}.replica", state_schema())),
      fmt::format("4|{}", kGeneration));
}

TEST_P(UpgradeTest, ApplyingGoesOn) {
  upgrade();

  apply(*connection_,
        {put("k5", 7).of_generation(kGeneration), removal("k1", 8).of_generation(kGeneration),
         put("k2", 2).of_generation(kGeneration)});

  EXPECT_EQ(query("SELECT string_agg(pk, ' ' ORDER BY pk) FROM orders"), "k3 k4 k5");
}

TEST_P(UpgradeTest, ThePlanOfAReplicaThatIsThereIsEmpty) {
  Replica wanted{.source = nullptr,
                 .state_schema = state_schema(),
                 .targets = {new_target(state_schema(), schema(), "orders", keys(KeyType::S))}};
  wanted.source =
      std::make_shared<const SourceTable>(SourceTable{.arn = kArn, .key_schema = keys(KeyType::S)});

  EXPECT_THAT(planner().plan_replica(wanted).sql, IsEmpty());
}

TEST_P(UpgradeTest, BeforeItTheProgramSaysWhatToRun) {
  const Error error = error_of([&] { Catalogue{*connection_, state_schema()}.require_usable(); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr(fmt::format(
                                "has version {}, but this program needs version 4", GetParam())));
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_P(UpgradeTest, ARoleThatCouldApplyStillCan) {
  const std::string writer = make_role("writer");
  query(fmt::format("GRANT USAGE ON SCHEMA {}, {} TO {}", schema(), state_schema(), writer));
  query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {}, {} TO {}",
                    schema(), state_schema(), writer));

  upgrade();

  pg::Connection connection = connect_as(writer);
  const Replica orders = Catalogue{connection, state_schema()}.find(kArn).value();
  Applier{connection, {}}.apply(
      {.table = orders, .batch = batch_of(orders, {put("k6", 9).of_generation(kGeneration)})});
  EXPECT_EQ(query("SELECT count(*) FROM orders WHERE pk = 'k6'"), "1");
}

struct OldStatement {
  std::string_view name, sql;  // {}: the state schema
};

/// What an older program that runs meanwhile sends next. It takes class 42 for a mistake of the
/// user: a daemon stops and shows message and hint.
class RefusalTest : public UpgradedTest, public testing::WithParamInterface<OldStatement> {
 protected:
  void upgrade_from(int version) {
    restore(version);
    upgrade();
  }

  void expect_refused() {
    const Error error = error_of([&] {
      connection_->run(fmt::format(fmt::runtime(GetParam().sql), quote_identifier(state_schema())));
    });

    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_STREQ(error.what(),
                 "PostgreSQL: the state schema was upgraded to version 4 by a newer dynamite "
                 "(SQLSTATE 42DY2)");
    EXPECT_EQ(error.hint(), "install the newer dynamite here too");
  }
};

class RefusalOfVersion1Test : public RefusalTest {};

TEST_P(RefusalOfVersion1Test, SaysWhatToDo) {
  upgrade_from(1);

  expect_refused();
}

INSTANTIATE_TEST_SUITE_P(
    , RefusalOfVersion1Test,
    testing::Values(
        OldStatement{"BatchOfTheOwner", R"(SELECT {0}.require_follower(1, 4::bigint, 1795905767407)
WHERE (SELECT true FROM {0}.replica r WHERE r.replica_id = 1
  AND CASE WHEN 4::bigint IS NULL THEN r.follower <> 'daemon' ELSE r.owner = 4::bigint END
  AND coalesce(1795905767407 >= r.oldest_generation, true)) IS NULL)"},
        OldStatement{"BatchOfLambda", R"(SELECT {0}.require_follower(1, NULL, 1795905767407)
WHERE (SELECT true FROM {0}.replica r WHERE r.replica_id = 1
  AND CASE WHEN NULL::bigint IS NULL THEN r.follower <> 'daemon' ELSE r.owner = NULL::bigint END
  AND coalesce(1795905767407 >= r.oldest_generation, true)) IS NULL)"},
        OldStatement{"PageOfAPass", "SELECT {0}.require_pass(1, 1)"},
        OldStatement{"ReadBack", "SELECT {0}.require_epoch(1, 1)"},
        OldStatement{"Takeover", R"(UPDATE {0}.replica SET owner = owner + 1, follower = 'daemon',
  problem = NULL, state = CASE pass WHEN 'none' THEN 'catching up' ELSE 'snapshot' END
WHERE replica_id = 1 RETURNING owner)"},
        OldStatement{"StartOfAPass", R"(UPDATE {0}.replica SET epoch = epoch + 1, pass = 'running',
  pass_segments = 1, pass_started_at = now(), state = 'snapshot',
  oldest_generation = greatest(oldest_generation, 1795905767407)
WHERE replica_id = 1 RETURNING epoch)"}),
    [](const auto& info) { return std::string{info.param.name}; });

class RefusalOfVersion2Test : public RefusalTest {};

TEST_P(RefusalOfVersion2Test, SaysWhatToDo) {
  upgrade_from(2);

  expect_refused();
}

INSTANTIATE_TEST_SUITE_P(
    , RefusalOfVersion2Test,
    testing::Values(OldStatement{"Catalogue", R"(SELECT r.mapping, t.target_id, t.since_epoch
FROM {0}.replica r JOIN {0}.target t ON t.replica_id = r.replica_id WHERE r.source_arn = 'none')"},
                    OldStatement{"Status", R"(SELECT FROM {0}.target)"}),
    [](const auto& info) { return std::string{info.param.name}; });

// Programs of version 2 and later load the catalogue when their mapping is followed by another one.
class OldFenceTest : public UpgradedTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(, OldFenceTest, testing::Values(2, 3),
                         [](const auto& info) { return "OfVersion" + std::to_string(info.param); });

TEST_P(OldFenceTest, NoBatchPageOrReadBackPassesWithTheMappingOfBefore) {
  restore(GetParam());
  query(fmt::format("UPDATE {}.replica SET pass = 'running', epoch = 1", state_schema()));
  upgrade();

  for (const char* fence :
       {"require_follower(1, NULL, 1795905767407", "require_pass(1, 1", "require_epoch(1, 1"}) {
    const Error error = error_of([&] {
      connection_->run(
          fmt::format("SELECT {}.{}, {})", state_schema(), fence, number_of_mapping(GetParam())));
    });
    EXPECT_THAT(error.what(), HasSubstr("SQLSTATE DY007")) << fence;
  }
}

}  // namespace
}  // namespace dynamite::test
