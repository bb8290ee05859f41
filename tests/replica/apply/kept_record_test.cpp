#include "replica/apply/kept_record.hpp"

#include <gmock/gmock.h>

#include "json/item_key.hpp"
#include "replica/state/dead_letters.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kArn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::S}, .sort = std::nullopt};
const std::string kKey = [] {
  std::string key;
  append_canonical_key(key, R"({"pk":{"S":"k1"}})", kKeys);
  return key;
}();
const std::string kRecord =
    R"({"eventName":"MODIFY","eventSource":"aws:dynamodb","dynamodb":{"Keys":{"pk":{"S":"k1"}},)"
    R"("NewImage":{"pk":{"S":"k1"},"password":{"S":"hunter2"}},"SequenceNumber":"77",)"
    R"("OldImage":{"pk":{"S":"k1"},"password":{"S":"hunter2"}},)"
    R"("ApproximateCreationDateTime":1768478400},"eventSourceARN":")" +
    kArn + R"(/stream/2026-01-15T12:00:00.123"})";
const std::string kLeftOut = R"({"content":"left out, as the table's mapping says")";

Replica replica_with(MappingRules rules) {
  return {
      .source = std::make_shared<const SourceTable>(SourceTable{.arn = kArn, .key_schema = kKeys}),
      .state_schema = "dynamite",
      .targets = {new_target("dynamite", "public", "all", kKeys),
                  new_target("dynamite", "public", "some", kKeys, {.rules = std::move(rules)})}};
}

const Replica kAll = replica_with({});
const Replica kSome = replica_with({.omit = {"password"}});

std::string kept(const std::string& record, const Version& version, const Replica& replica = kSome,
                 const std::string& key = kKey) {
  const DeadLetter letter{.key = key,
                          .record = record,
                          .version = std::string{version.digits()},
                          .reason = {},
                          .sqlstate = {},
                          .constraint = {}};
  return kept_record(letter, replica);
}

const Version kVersion{1'768'478'400'123, "77"};

TEST(KeptRecord, IsTheWholeRecordWhereAllIsShown) {
  EXPECT_EQ(kept(kRecord, kVersion, kAll), kRecord);
}

TEST(KeptRecord, HasNoImageWhereATargetOmitsSomething) {
  const std::string without =
      kLeftOut + R"(,"eventName":"MODIFY","eventSourceARN":")" + kArn +
      R"(/stream/2026-01-15T12:00:00.123","dynamodb":{"ApproximateCreationDateTime":1768478400,)"
      R"("Keys":{"pk":{"S":"k1"}},"SequenceNumber":"77"}})";
  EXPECT_EQ(kept(kRecord, kVersion), without);
  EXPECT_EQ(kept(kRecord, kVersion, replica_with({.only = {"total"}})), without);
}

TEST(KeptRecord, IsTheSameWhenALetterIsRefusedAgain) {
  const std::string once = kept(kRecord, kVersion);
  EXPECT_EQ(kept(once, kVersion.after()), once);
}

TEST(KeptRecord, OfAnItemIsItsKey) {
  EXPECT_EQ(kept(R"({"pk":{"S":"k1"},"eventName":{"S":"hunter2"},"password":{"S":"hunter2"}})", {}),
            kLeftOut + R"(,"dynamodb":{"Keys":{"pk":{"S":"k1"}}}})");
}

TEST(KeptRecord, OfASweptRowStays) {
  const std::string record = swept_record(kKey, kKeys);
  EXPECT_EQ(kept(record, kVersion), record);
}

TEST(KeptRecord, TakesNoMemberThatIsNotWhatItsNameSays) {
  EXPECT_EQ(kept(R"({"eventName":"hunter2","eventSourceARN":"hunter2","dynamodb":{)"
                 R"("ApproximateCreationDateTime":"hunter2","SequenceNumber":"hunter2"}})",
                 kVersion),
            kLeftOut + R"(,"dynamodb":{"Keys":{"pk":{"S":"k1"}},"SequenceNumber":"77"}})");
}

TEST(KeptRecord, WithoutKeyAndNumberIsToldFromOthers) {
  const std::string one = kept(R"({"NewImage":{"password":"hunter2)", {}, kSome, "");
  const std::string other = kept(R"({"NewImage":{"password":"hunter3)", {}, kSome, "");
  EXPECT_THAT(one, HasSubstr(R"("mark":)"));
  EXPECT_THAT(one, Not(HasSubstr("hunter")));
  EXPECT_NE(one, other);
  EXPECT_EQ(one, kept(R"({"NewImage":{"password":"hunter2)", {}, kSome, ""));
}

}  // namespace
}  // namespace dynamite::test
