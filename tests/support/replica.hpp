#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replica/apply/applier.hpp"
#include "support/postgres.hpp"

namespace dynamite::test {

/// A change with bytes of its own, for Batches.
struct TestChange {
  ChangeKind kind = ChangeKind::put;
  std::string image;  ///< DynamoDB JSON; of a remove only the key is used
  std::string sequence_number = "0";
  std::uint64_t generation = 0;
  std::optional<std::string> old_image = std::nullopt;  ///< as Change::old_image
  Removal removal = Removal::removed;
  std::int64_t time = 1'768'478'400;  ///< seconds since 1970

  TestChange before(std::string item) const;  ///< with that old image
  TestChange of_generation(std::uint64_t number) const;
  TestChange expired() const;
  TestChange at(std::int64_t seconds) const;
};

/// `{"pk":{"S":KEY},"v":{"S":VALUE}}`
std::string item(const std::string& key, const std::string& value);

/// Changes of a table whose key is the string pk. The value tells one image from another.
TestChange put(const std::string& key, std::uint64_t sequence_number, const std::string& value);
TestChange put(const std::string& key, std::uint64_t sequence_number);  ///< value: the number
TestChange removal(const std::string& key, std::uint64_t sequence_number);
TestChange scanned(const std::string& key, const std::string& value);

/// Changes of any table: `image` holds the key's attributes.
TestChange put_item(const std::string& image, std::uint64_t sequence_number);
TestChange remove_item(const std::string& image, std::uint64_t sequence_number);
TestChange scanned_item(const std::string& image);

KeySchema keys(KeyType partition);                ///< pk
KeySchema keys(KeyType partition, KeyType sort);  ///< pk, sk

Batch batch_of(const Replica& table, const std::vector<TestChange>& changes);

/// A test with a registered replica, "orders", whose key is the string pk unless it makes another.
/// With DYNAMITE_TEST_TARGETS=2 each replica has a second target, in the table NAME_second, of
/// layout `columns`. Its rows must stand for the same items when the test ends.
class ReplicaTest : public PostgresTest {
 public:
  /// Makes and registers a replica of a DynamoDB table of the same name.
  Replica make_replica(const KeySchema& key_schema, const std::string& name);
  Replica make_replica(const Replica& wanted);
  /// A replica "routed", whose key is the string pk, with a target for each clause: routed_0,
  /// routed_1, … `mapping`: of each target, without its clause.
  Replica make_routed(const std::vector<std::string>& clauses, const Mapping& mapping = {});
  /// What make_replica asks the catalogue for.
  Replica wanted_replica(const KeySchema& key_schema, const std::string& name) const;

  /// Applies to `orders` on the connection of this test.
  ApplyOutcome apply(const std::vector<TestChange>& changes, const Fence& fence = {});
  ApplyOutcome apply(const std::vector<TestChange>& changes, const Fence& fence,
                     const Checkpoint& checkpoint);
  /// The same with a pass's fence.
  ApplyOutcome apply_scanned(std::int32_t epoch, const std::vector<TestChange>& changes);

  std::int32_t start_pass();
  /// Ends the pass: sweeps and completes it. Returns the rows deleted.
  std::uint64_t end_pass(std::int32_t epoch);

  /// `orders`, a line a row: key, attribute v, version, epoch.
  std::string rows();
  /// Key, version, epoch.
  std::string tombstones();
  /// Key's length, version, reason, SQLSTATE, constraint.
  std::string dead_letters();

  Replica orders;
  std::optional<pg::Connection> connection;

 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  std::vector<Replica> made_;
};

/// Layout `columns`, with columns for some of the attributes that RandomItems and put() have.
Mapping columns_mapping(const KeySchema& key_schema);

/// What differs between the first target of `replica` and the others, items, times, versions,
/// epochs and tombstones; empty: nothing.
std::string difference_of_targets(pg::Connection& connection, const Replica& replica);

}  // namespace dynamite::test
