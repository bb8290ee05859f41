#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>

#include "core/key.hpp"
#include "json/item_key.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/change/targets_change.hpp"
#include "replica/state/checkpoints.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/newest_versions.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");
const auto kOtherKey = std::make_shared<const HashKey>("another secret of bytes");

Mapping hashing(std::vector<std::string> hash, LayoutKind layout = LayoutKind::document) {
  return {.rules = {.layout = layout,
                    .hash = std::move(hash),
                    .hash_fingerprint = kHashKey->fingerprint()},
          .hash_key = kHashKey};
}

/// A replica "secret" whose key, the number pk, is hashed, in the layout of the parameter.
class HashedKeysTest : public ReplicaTest, public testing::WithParamInterface<LayoutKind> {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    orders = make({"pk", "email"});
  }
  Replica make(std::vector<std::string> hash) {
    const KeySchema schema_of_source = keys(KeyType::N);
    Replica wanted = wanted_replica(schema_of_source, "secret");
    wanted.targets = {new_target(state_schema(), schema(), "secret", schema_of_source,
                                 hashing(std::move(hash), GetParam()))};
    return make_replica(wanted);
  }
  static std::string image(int number, const std::string& value) {
    return fmt::format(R"({{"pk":{{"N":"{}"}},"v":{{"S":"{}"}},"email":{{"S":"a@b"}}}})", number,
                       value);
  }
  static std::string hash_of(int number) {
    std::string image = fmt::format(R"({{"pk":{{"N":"{}"}}}})", number), key;
    append_canonical_key(key, image, keys(KeyType::N));
    return kHashKey->digest(split_key(key).parts[0]);
  }
  std::string source_key(int number) const {
    std::string key;
    append_canonical_key(key, image(number, ""), orders.source->key_schema);
    return key;
  }
  /// Hashes of the keys that have rows.
  std::string keys_of_rows() { return query("SELECT pk FROM secret ORDER BY _version, pk"); }
  void refuse_bad() {
    const char* value = GetParam() == LayoutKind::document ? "item->>'v'" : "_rest->>'v'";
    query(fmt::format("ALTER TABLE secret ADD CONSTRAINT no_bad CHECK ({} <> 'bad')", value));
  }
  std::string letters() {
    return query(
        fmt::format("SELECT encode(key, 'escape'), convert_from(record, 'UTF8') FROM "
                    "{}.dead_letter ORDER BY dead_letter_id",
                    state_schema()));
  }
};

INSTANTIATE_TEST_SUITE_P(Layouts, HashedKeysTest,
                         testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) {
                           return info.param == LayoutKind::document ? "document" : "columns";
                         });

TEST_P(HashedKeysTest, StandInTextColumnsOfRowsAndTombstones) {
  apply({put_item(image(1, "x"), 1), put_item(image(2, "x"), 2), put_item(image(3, "x"), 3)});
  apply({remove_item(image(2, "x"), 4), remove_item(image(9, "x"), 5)});
  apply({put_item(image(2, "late"), 2), put_item(image(3, "late"), 3)});

  EXPECT_EQ(keys_of_rows(), hash_of(1) + "\n" + hash_of(3));
  EXPECT_EQ(
      query(fmt::format("SELECT k1 FROM {} ORDER BY version", orders.targets.front().tombstones)),
      hash_of(2) + "\n" + hash_of(9));
  EXPECT_EQ(query("SELECT pg_typeof(pk), count(*) FROM secret GROUP BY 1"), "text|2");
  EXPECT_EQ(newest_versions(*connection, orders,
                            std::vector{std::string{orders.hashed_keys().of(source_key(9))}})
                .versions.front(),
            (Version{0, "5"}));
}

TEST_P(HashedKeysTest, AreSweptAndStamped) {
  apply({put_item(image(1, "gone"), 1), put_item(image(2, "kept"), 2)});
  refuse_bad();
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned_item(image(2, "bad")), scanned_item(image(3, "new"))});

  EXPECT_EQ(end_pass(pass), 1U);
  EXPECT_EQ(query("SELECT pk FROM secret ORDER BY _version DESC"), hash_of(2) + "\n" + hash_of(3));
  EXPECT_EQ(query(fmt::format("SELECT k1 FROM {}", orders.targets.front().tombstones)), hash_of(1));
}

TEST_P(HashedKeysTest, OfLettersAreHashedToo) {
  refuse_bad();

  apply({put_item(image(4711, "bad"), 1)});

  EXPECT_THAT(letters(), AllOf(HasSubstr(hash_of(4711)), Not(HasSubstr("4711")),
                               Not(HasSubstr("a@b")), Not(HasSubstr("bad"))));
  EXPECT_EQ(DeadLetters(*connection, orders)
                .by_key(std::vector{std::string{orders.hashed_keys().of(source_key(4711))}})
                .size(),
            1U);
}

TEST_P(HashedKeysTest, APassDiscardsOlderLettersAndKeepsItsOwn) {
  refuse_bad();
  apply({put_item(image(1, "bad"), 1), put_item(image(2, "bad"), 2)});
  apply_scanned(start_pass(), {scanned_item(image(3, "bad"))});
  apply_scanned(start_pass(), {scanned_item(image(3, "bad"))});  // the same record again
  const std::int32_t pass = Passes{*connection, orders}.state().epoch;

  apply_scanned(pass, {scanned_item(image(1, "good"))});
  end_pass(pass);

  EXPECT_THAT(letters(),
              AllOf(HasSubstr(hash_of(3)), Not(HasSubstr(hash_of(1))), Not(HasSubstr(hash_of(2)))));
  EXPECT_EQ(keys_of_rows(), hash_of(1));
}

TEST_P(HashedKeysTest, OfRowsThatNoSweepDeletesStayInTheirLetters) {
  query("CREATE TABLE refers (pk text COLLATE \"C\" REFERENCES secret)");
  apply({put_item(image(1, "x"), 1)});
  query("INSERT INTO refers SELECT pk FROM secret");
  end_pass(start_pass());
  EXPECT_THAT(letters(), HasSubstr(hash_of(1)));

  end_pass(start_pass());

  EXPECT_THAT(letters(), HasSubstr(hash_of(1)));
  query("DELETE FROM refers");
  end_pass(start_pass());
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(keys_of_rows(), "");
}

TEST_P(HashedKeysTest, WithoutTheKeyOfHashNothingIsApplied) {
  const auto failure = [&](const std::shared_ptr<const HashKey>& key) {
    for (Target& target : orders.targets) target.mapping.hash_key = key;
    return failure_of([&] { apply({remove_item(image(1, "x"), 2), put_item(image(2, "x"), 3)}); });
  };
  apply({put_item(image(1, "x"), 1)});

  EXPECT_THAT(failure(nullptr),
              AllOf(HasSubstr("\"secret\" has hashes, but no key of hash is given"),
                    HasSubstr(kHashKey->fingerprint())));
  EXPECT_THAT(failure(kOtherKey),
              AllOf(HasSubstr(kOtherKey->fingerprint()), HasSubstr(kHashKey->fingerprint())));
  EXPECT_EQ(keys_of_rows(), hash_of(1));
}

TEST_P(HashedKeysTest, OfPositionsAreSealed) {
  const std::string position = R"({"pk":{"N":"4711"}})";

  const std::string stored = stored_position(orders, position);

  EXPECT_THAT(stored, Not(HasSubstr("4711")));
  EXPECT_EQ(position_of(orders, stored), position);
  EXPECT_EQ(position_of(orders, "what nobody has sealed"), "");
  EXPECT_EQ(stored_position(orders, ""), "");
}

TEST_P(HashedKeysTest, CannotBeHashedInAnotherWayLater) {
  const Target& target = orders.targets.front();
  const auto failure = [&](MappingRules rules) {
    return failure_of([&] {
      plan_rules(target, orders.source->key_schema, rules, find_columns(*connection, target),
                 RetiredColumns::keep);
    });
  };
  MappingRules rules = target.mapping.rules;

  rules.hash = {"email"};
  EXPECT_THAT(failure(rules), HasSubstr("the keys of its rows cannot be made anew"));
  rules.hash = {"pk"};
  EXPECT_EQ(failure(rules), "");
  rules.hash_fingerprint = kOtherKey->fingerprint();
  EXPECT_THAT(failure(rules), HasSubstr("the keys of its rows cannot be made anew"));
}

TEST_P(HashedKeysTest, AreHashedInAllTargetsOfATable) {
  const Target plain = new_target(state_schema(), schema(), "plain", orders.source->key_schema,
                                  hashing({"email"}, GetParam()));

  EXPECT_THAT(failure_of([&] {
                plan_added_targets(*connection, orders, std::span{&plain, 1}, {});
              }),
              AllOf(HasSubstr("the targets of a table must hash the same attributes of its key"),
                    HasSubstr("\"secret\" hashes \"pk\""), HasSubstr("\"plain\" hashes none")));
}

TEST_P(HashedKeysTest, AnotherHashOfOtherAttributesNeedsAPass) {
  orders = make_replica([&] {
    Replica wanted = wanted_replica(keys(KeyType::N), "open");
    wanted.targets = {new_target(state_schema(), schema(), "open", keys(KeyType::N),
                                 hashing({"email"}, GetParam()))};
    return wanted;
  }());
  const Target& target = orders.targets.front();
  const auto needs_pass = [&](const MappingRules& rules) {
    return plan_rules(target, orders.source->key_schema, rules, find_columns(*connection, target),
                      RetiredColumns::keep)
        .value()
        .needs_pass;
  };
  MappingRules rules = target.mapping.rules;

  rules.hash = {"email", "v"};
  EXPECT_TRUE(needs_pass(rules));
  rules = target.mapping.rules;
  rules.hash_fingerprint = kOtherKey->fingerprint();
  EXPECT_TRUE(needs_pass(rules));
}

}  // namespace
}  // namespace dynamite::test
