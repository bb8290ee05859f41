#include "support/replica.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <span>

#include "json/item_key.hpp"
#include "mapping/new_columns.hpp"
#include "replica/state/pass.hpp"
#include "replica/state/plan.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::test {
namespace {

constexpr std::int32_t kSegments = 1;

TestChange change(ChangeKind kind, std::string image, std::uint64_t sequence_number) {
  return {
      .kind = kind, .image = std::move(image), .sequence_number = std::to_string(sequence_number)};
}

}  // namespace

TestChange TestChange::before(std::string item) const {
  TestChange copy = *this;
  copy.old_image = std::move(item);
  return copy;
}

TestChange TestChange::of_generation(std::uint64_t number) const {
  TestChange copy = *this;
  copy.generation = number;
  return copy;
}

std::string item(const std::string& key, const std::string& value) {
  return fmt::format(R"({{"pk":{{"S":"{}"}},"v":{{"S":"{}"}}}})", key, value);
}

TestChange put(const std::string& key, std::uint64_t sequence_number, const std::string& value) {
  return put_item(item(key, value), sequence_number);
}

TestChange put(const std::string& key, std::uint64_t sequence_number) {
  return put(key, sequence_number, std::to_string(sequence_number));
}

TestChange removal(const std::string& key, std::uint64_t sequence_number) {
  return remove_item(item(key, ""), sequence_number);
}

TestChange scanned(const std::string& key, const std::string& value) {
  return scanned_item(item(key, value));
}

TestChange TestChange::expired() const {
  TestChange change = *this;
  change.removal = Removal::expired;
  return change;
}

TestChange TestChange::at(std::int64_t seconds) const {
  TestChange change = *this;
  change.time = seconds;
  return change;
}

TestChange put_item(const std::string& image, std::uint64_t sequence_number) {
  return change(ChangeKind::put, image, sequence_number);
}

TestChange remove_item(const std::string& image, std::uint64_t sequence_number) {
  return change(ChangeKind::remove, image, sequence_number);
}

TestChange scanned_item(const std::string& image) { return change(ChangeKind::scanned, image, 0); }

KeySchema keys(KeyType partition) {
  return {.partition = {.name = "pk", .type = partition}, .sort = std::nullopt};
}

KeySchema keys(KeyType partition, KeyType sort) {
  return {.partition = {.name = "pk", .type = partition},
          .sort = KeyAttribute{.name = "sk", .type = sort}};
}

Batch batch_of(const Replica& table, const std::vector<TestChange>& changes) {
  Batch batch;
  batch.table = table.source;
  for (const TestChange& test : changes) {
    std::string key;
    append_canonical_key(key, test.image, table.source->key_schema);
    const std::string_view image = batch.keep(test.image);
    batch.changes.push_back(
        {.key = batch.keep(key),
         .image = test.kind == ChangeKind::remove ? std::string_view{} : image,
         .old_image = test.old_image ? std::optional{batch.keep(*test.old_image)} : std::nullopt,
         .record = image,
         .version = test.kind == ChangeKind::scanned
                        ? Version{}
                        : Version{test.generation, test.sequence_number},
         .time = Micros{std::chrono::seconds{test.time}},
         .kind = test.kind,
         .removal = test.removal});
  }
  return batch;
}

void ReplicaTest::SetUp() {
  PostgresTest::SetUp();
  if (HasFatalFailure()) return;
  connection.emplace(connect());
  orders = make_replica(keys(KeyType::S), "orders");
}

void ReplicaTest::TearDown() {
  if (connection) {
    pg::Connection own = connect();
    for (const Replica& replica : made_) {
      // Targets that take other items have other rows.
      if (!replica.routing) {
        EXPECT_EQ(difference_of_targets(own, replica), "");
      }
    }
  }
  PostgresTest::TearDown();
}

Mapping columns_mapping(const KeySchema& key_schema) {
  Mapping mapping{.rules = {.layout = LayoutKind::columns}};
  mapping.columns = new_columns(mapping, key_schema,
                                std::vector<AttributeNote>{{"v", "S"},
                                                           {"name", "S"},
                                                           {"Name", "N"},
                                                           {"S", "BOOL"},
                                                           {"N", "L"},
                                                           {"M", "M"},
                                                           {"item", "B"},
                                                           {"_version", "SS"},
                                                           {"_types", "NS"},
                                                           {"a.b", "BS"},
                                                           {"a/b", "N"},
                                                           {"a~b", "S"}});
  return mapping;
}

namespace {

/// What a target's row stands for, whatever its layout.
std::string shown_sql(const Target& target) {
  std::string sql = fmt::format("{}, {}", item_sql(target), types_sql(target));
  for (const ColumnRole role :
       {ColumnRole::changed_at, ColumnRole::created_at, ColumnRole::version, ColumnRole::epoch})
    sql += ", t." + target.layout.of(role).quoted();
  return fmt::format("SELECT {} FROM {} t", sql, target.qualified_name());
}

}  // namespace

std::string difference_of_targets(pg::Connection& connection, const Replica& replica) {
  std::string differences;
  const auto compare = [&](const std::string& one, const std::string& other) {
    const pg::Result rows = connection.run(fmt::format(
        "SELECT x::text FROM (({0} EXCEPT ALL {1}) UNION ALL ({1} EXCEPT ALL {0})) AS x LIMIT 5",
        one, other));
    for (int row = 0; row < rows.rows(); ++row)
      differences += fmt::format("{}\nand {}: {}\n", one, other, rows.at(row, 0));
  };
  // The sweep of each target is a transaction of its own: removed_at differs.
  const auto tombstones = [](const Target& target) {
    return fmt::format("SELECT {}, version, epoch FROM {}", target.layout.keys().parts(),
                       target.tombstones);
  };
  const Target& first = replica.targets.front();
  for (const Target& target : std::span{replica.targets}.subspan(1)) {
    compare(shown_sql(first), shown_sql(target));
    compare(tombstones(first), tombstones(target));
  }
  return differences;
}

Replica ReplicaTest::wanted_replica(const KeySchema& key_schema, const std::string& name) const {
  Replica wanted{.id = 0,
                 .source = std::make_shared<const SourceTable>(
                     SourceTable{.arn = "arn:aws:dynamodb:us-east-1:111122223333:table/" + name,
                                 .key_schema = key_schema}),
                 .state_schema = state_schema(),
                 .targets = {new_target(state_schema(), schema(), name, key_schema)}};
  if (const char* targets = std::getenv("DYNAMITE_TEST_TARGETS");
      targets != nullptr && std::string_view{targets} == "2")
    wanted.targets.push_back(new_target(state_schema(), schema(), name + "_second", key_schema,
                                        columns_mapping(key_schema)));
  return wanted;
}

Replica ReplicaTest::make_replica(const KeySchema& key_schema, const std::string& name) {
  return make_replica(wanted_replica(key_schema, name));
}

Replica ReplicaTest::make_replica(const Replica& wanted) {
  Planner planner{*connection, state_schema()};
  planner.execute(planner.plan_state());
  planner.execute(planner.plan_replica(wanted).sql);
  return made_.emplace_back(
      Catalogue{*connection, state_schema(), wanted.hash_key()}.find(wanted.source->arn).value());
}

Replica ReplicaTest::make_routed(const std::vector<std::string>& clauses, const Mapping& mapping) {
  Replica wanted = wanted_replica(keys(KeyType::S), "routed");
  wanted.targets.clear();
  for (const std::string& where : clauses) {
    Mapping of_target = mapping;
    of_target.rules.where = where;
    wanted.targets.push_back(new_target(wanted.state_schema, schema(),
                                        fmt::format("routed_{}", wanted.targets.size()),
                                        keys(KeyType::S), std::move(of_target)));
  }
  return make_replica(wanted);
}

ApplyOutcome ReplicaTest::apply(const std::vector<TestChange>& changes, const Fence& fence) {
  return Applier{*connection, {}}.apply(
      {.table = orders, .batch = batch_of(orders, changes), .fence = fence});
}

ApplyOutcome ReplicaTest::apply(const std::vector<TestChange>& changes, const Fence& fence,
                                const Checkpoint& checkpoint) {
  return Applier{*connection, {}}.apply({.table = orders,
                                         .batch = batch_of(orders, changes),
                                         .fence = fence,
                                         .checkpoint = checkpoint});
}

ApplyOutcome ReplicaTest::apply_scanned(std::int32_t epoch,
                                        const std::vector<TestChange>& changes) {
  return apply(changes, {.writer = ByPass{epoch}});
}

std::int32_t ReplicaTest::start_pass() {
  return Passes{*connection, orders}.start({.segments = kSegments}, {});
}

std::uint64_t ReplicaTest::end_pass(std::int32_t epoch) {
  Passes passes{*connection, orders};
  passes.begin_sweep(epoch, {});
  return passes.sweep(epoch, {}, {}).deleted;
}

std::string ReplicaTest::rows() {
  return query(fmt::format("SELECT pk, item->>'v', _version, _epoch FROM {} ORDER BY pk",
                           orders.targets.front().qualified_name()));
}

std::string ReplicaTest::tombstones() {
  return query(fmt::format("SELECT k1, version, epoch FROM {} ORDER BY k1",
                           orders.targets.front().tombstones));
}

std::string ReplicaTest::dead_letters() {
  return query(
      fmt::format("SELECT length(key), version, reason, sqlstate, constraint_name "
                  "FROM {}.dead_letter ORDER BY dead_letter_id",
                  state_schema()));
}

}  // namespace dynamite::test
