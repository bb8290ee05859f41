#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "app/commands/mapped_table.hpp"
#include "mapping/hash_key.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kKey = "a secret of enough bytes";
constexpr const char* kOtherKey = "another secret of bytes";

/// A source with two items of which something is hashed.
class HashTest : public MappedTableTest {
 protected:
  void SetUp() override {
    MappedTableTest::SetUp();
    if (HasFatalFailure()) return;
    make_table(keys(KeyType::S));
    put(item_of("planted-1"));
    put(item_of("planted-2"));
  }
  static std::string item_of(const std::string& key, const std::string& v = "x") {
    return fmt::format(R"({{"pk":{{"S":"{0}"}},"email":{{"S":"{0}@b"}},"v":{{"S":"{1}"}}}})", key,
                       v);
  }
  static std::string digest(const std::string& text, const char* key = kKey) {
    return HashKey{key}.digest(text);
  }
  /// `key`: null if none is given.
  Finished finish_hashing(const std::string& mapping, std::vector<std::string> command,
                          const char* key = kKey) {
    return finish_with(
        fmt::format("{}[[table]]\nname = \"{}\"\ninto = \"hashed\"\n{}",
                    key == nullptr ? "" : fmt::format("hash_key = \"{}\"\n", key), table_, mapping),
        std::move(command));
  }
  std::string run_hashing(const std::string& mapping, std::vector<std::string> command,
                          const char* key = kKey) {
    return printed(finish_hashing(mapping, std::move(command), key));
  }
};

TEST_F(HashTest, KeysAndAttributesAreHashed) {
  const std::string mapping = "hash = ['pk', 'email']\nlayout = 'columns'\n";

  run_hashing(mapping, {"replicate", "--once"});
  put(item_of("planted-3"));
  source_.api().delete_item(table_, R"({"pk":{"S":"planted-1"}})");
  run_hashing(mapping, {"replicate", "--once"});

  EXPECT_EQ(rows("hashed", "pk, email, v", "md5(pk) = md5('" + digest("planted-2") + "') DESC"),
            fmt::format("{} {} x; {} {} x", digest("planted-2"), digest("planted-2@b"),
                        digest("planted-3"), digest("planted-3@b")));
  EXPECT_THAT(run_hashing(mapping, {"compare"}), HasSubstr("2 items, identical"));
}

TEST_F(HashTest, CompareTellsOfRowsByTheirHashes) {
  const std::string mapping = "hash = ['pk']\n";
  run_hashing(mapping, {"replicate", "--once"});
  query(fmt::format("UPDATE {0}.hashed SET item = '{{}}' WHERE pk = '{1}'", schema(),
                    digest("planted-1")));
  query(
      fmt::format("INSERT INTO {0}.hashed (pk, item, mod_time, create_time, _version, _epoch) "
                  "SELECT 'ghost', item, mod_time, create_time, _version, _epoch FROM "
                  "{0}.hashed WHERE pk = '{1}'",
                  schema(), digest("planted-2")));

  const Finished found = finish_hashing(mapping, {"compare"});
  const Finished repaired = finish_hashing(mapping, {"compare", "--repair"});

  EXPECT_EQ(found.status, 3);
  EXPECT_THAT(found.output,
              AllOf(HasSubstr("1 different, 1 ghosts"), HasSubstr(R"({"pk":{"S":"ghost"}})"),
                    HasSubstr(digest("planted-1")), HasSubstr("dynamite snapshot"),
                    Not(HasSubstr("planted"))));
  EXPECT_EQ(repaired.status, 3);
  EXPECT_THAT(repaired.output,
              AllOf(HasSubstr("1 rows repaired"), HasSubstr("cannot be repaired")));
  run_hashing(mapping, {"snapshot"});
  EXPECT_THAT(run_hashing(mapping, {"compare"}), HasSubstr("2 items, identical"));
  EXPECT_THAT(run_hashing(mapping, {"compare", "--sample", "5"}), HasSubstr("identical"));
}

TEST_F(HashTest, LettersCannotBeRetriedAndGoWithAPass) {
  const std::string mapping = "hash = ['pk']\n";
  run_hashing(mapping, {"bootstrap"});
  query(fmt::format("ALTER TABLE {}.hashed ADD CONSTRAINT no_bad CHECK (item->>'v' <> 'bad')",
                    schema()));
  put(item_of("planted-3", "bad"));
  run_hashing(mapping, {"replicate", "--once"});

  const Finished retried = finish_hashing(mapping, {"dead-letters", "retry", "--all"});
  const std::string shown = run_hashing(mapping, {"dead-letters", "show", "--reveal"});

  EXPECT_EQ(retried.status, 3);
  EXPECT_THAT(retried.output, HasSubstr("have hashes for keys, by which no item can be read back"));
  EXPECT_THAT(shown, AllOf(HasSubstr(digest("planted-3")), Not(HasSubstr("planted"))));
  query(fmt::format("ALTER TABLE {}.hashed DROP CONSTRAINT no_bad", schema()));
  run_hashing(mapping, {"snapshot"});
  EXPECT_THAT(run_hashing(mapping, {"dead-letters"}), HasSubstr("0 dead letters"));
  EXPECT_THAT(run_hashing(mapping, {"compare"}), HasSubstr("3 items, identical"));
}

TEST_F(HashTest, AnotherKeyOrNoneIsRefused) {
  const std::string mapping = "hash = ['email']\n";
  run_hashing(mapping, {"replicate", "--once"});
  put(item_of("planted-3"));

  for (const char* key : {kOtherKey, static_cast<const char*>(nullptr)})
    for (const char* command : {"replicate", "snapshot", "compare"}) {
      const Finished refused = finish_hashing(mapping,
                                              command == std::string{"replicate"}
                                                  ? std::vector<std::string>{command, "--once"}
                                                  : std::vector<std::string>{command},
                                              key);
      EXPECT_NE(refused.status, 0) << command << refused.errors;
      EXPECT_THAT(refused.errors, HasSubstr("key of hash")) << command;
      if (key != nullptr) {
        EXPECT_THAT(refused.errors, AllOf(HasSubstr(HashKey{kKey}.fingerprint()),
                                          HasSubstr(HashKey{kOtherKey}.fingerprint())));
      }
    }

  EXPECT_EQ(rows("hashed", "pk"), "planted-1; planted-2");
}

TEST_F(HashTest, AnotherKeyOfHashIsAChangeThatNeedsAPass) {
  const std::string mapping = "hash = ['email']\n";
  run_hashing(mapping, {"replicate", "--once"});

  EXPECT_THAT(run_hashing(mapping, {"bootstrap"}, kOtherKey),
              AllOf(HasSubstr("changed"), HasSubstr("what `hash` says, or its key, has changed")));
  run_hashing(mapping, {"replicate", "--once"}, kOtherKey);

  EXPECT_EQ(rows("hashed", "item->>'email'"),
            digest("planted-1@b", kOtherKey) + "; " + digest("planted-2@b", kOtherKey));
  run_hashing(mapping, {"compare"}, kOtherKey);
}

TEST_F(HashTest, KeysThatAreThereAreNeverHashedInAnotherWay) {
  run_hashing("hash = ['email']\n", {"replicate", "--once"});

  const Finished refused = finish_hashing("hash = ['pk']\n", {"bootstrap"});

  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.errors, AllOf(HasSubstr("the keys of its rows cannot be made anew"),
                                    HasSubstr("another `state_schema` and another `into`")));
}

}  // namespace
}  // namespace dynamite::test
