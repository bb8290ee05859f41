#include <gmock/gmock.h>

#include "core/key.hpp"
#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::canonical_key;
using test::decode;
using test::event_of;
using test::failure_of;
using test::key_schema;
using test::kUsersArn;
using test::kUsersStreamArn;
using test::numbered;
using test::read_testdata;
using test::RecordText;
using test::shared_text;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const KeySchema kS = key_schema(KeyType::S);
const KeySchema kSN = key_schema(KeyType::S, KeyType::N);

std::int64_t seconds(const Change& change) {
  return std::chrono::floor<std::chrono::seconds>(change.time).time_since_epoch().count();
}

TEST(LambdaEvent, BecomesAChangeARecord) {
  const std::string insert = RecordText{}.json();
  const std::string remove =
      RecordText{.name = R"("REMOVE")", .new_image = "", .sequence_number = R"("7")"}.json();

  const Batch batch = decode(event_of({insert, remove}));

  ASSERT_THAT(batch.changes, SizeIs(2));
  EXPECT_THAT(batch.rejected, IsEmpty());
  EXPECT_EQ(batch.changes[0].kind, ChangeKind::put);
  EXPECT_EQ(batch.changes[0].record, insert);
  EXPECT_EQ(batch.changes[0].image, RecordText{}.new_image);
  EXPECT_EQ(batch.changes[0].key, canonical_key(RecordText{}.keys, kS));
  EXPECT_EQ(batch.changes[0].version, (Version{test::kGeneration, "100000000003126276362"}));
  EXPECT_EQ(seconds(batch.changes[0]), 1'768'478'400);
  EXPECT_EQ(batch.changes[1].kind, ChangeKind::remove);
  EXPECT_EQ(batch.changes[1].record, remove);
  EXPECT_EQ(batch.changes[1].image, "");
  EXPECT_EQ(batch.changes[1].version, (Version{test::kGeneration, "7"}));
}

TEST(LambdaEvent, ViewsOutliveAMoveOfTheBatch) {
  Batch batch = decode(event_of({RecordText{}.json()}));

  const Batch moved = std::move(batch);

  EXPECT_EQ(moved.changes.at(0).record, RecordText{}.json());
  EXPECT_EQ(moved.changes.at(0).key, canonical_key(RecordText{}.keys, kS));
}

TEST(LambdaEvent, OfNoRecordsIsAnEmptyBatch) {
  const Batch batch = decode(R"({"Records":[]})");

  EXPECT_THAT(batch.changes, IsEmpty());
  EXPECT_THAT(batch.rejected, IsEmpty());
}

TEST(LambdaEvent, KeepsTenThousandKeysInPlace) {
  std::vector<std::string> records;
  for (int i = 0; i < 10'000; ++i)
    records.push_back(RecordText{.keys = fmt::format(R"({{"pk":{{"S":"{:030}"}}}})", i)}.json());

  const Batch batch = decode(event_of(records));

  ASSERT_THAT(batch.changes, SizeIs(10'000));
  for (std::size_t i = 0; i < 10'000; ++i)
    EXPECT_EQ(split_key(batch.changes[i].key).parts[0], fmt::format("{:030}", i));
}

TEST(LambdaEvent, TakesKeysThatAreLargerThanAnyChunk) {
  const std::string large(200'000, 'k');

  const Batch batch = decode(event_of(
      {RecordText{}.json(), RecordText{.keys = R"({"pk":{"S":")" + large + R"("}})"}.json(),
       RecordText{}.json()}));

  ASSERT_THAT(batch.changes, SizeIs(3));
  EXPECT_EQ(split_key(batch.changes[1].key).parts[0], large);
  EXPECT_EQ(split_key(batch.changes[0].key).parts[0], "a");
}

std::string sequence_numbers(const Batch& batch) {
  std::vector<std::string> numbers;
  for (const Change& change : batch.changes) numbers.emplace_back(change.version.sequence_number());
  return fmt::format("{}", fmt::join(numbers, " "));
}

TEST(LambdaEvent, OfSeveralTablesIsABatchForEach) {
  const KnownTables tables{{test::kTableArn, test::source_table(kS)},
                           {kUsersArn, test::source_table(kS)}};
  const auto order = [](int number) { return numbered(number, test::kStreamArn); };
  const auto user = [](int number) { return numbered(number, kUsersStreamArn); };

  const LambdaEvent decoded = decode_lambda_event(
      shared_text(event_of({order(1), order(2), user(3), user(4), order(5)})), tables);

  EXPECT_THAT(decoded.unknown_tables, IsEmpty());
  ASSERT_THAT(decoded.batches, SizeIs(2));
  EXPECT_EQ(decoded.batches[0].table, tables.at(test::kTableArn));
  EXPECT_EQ(sequence_numbers(decoded.batches[0]), "1 2 5");
  EXPECT_EQ(decoded.batches[1].table, tables.at(kUsersArn));
  EXPECT_EQ(sequence_numbers(decoded.batches[1]), "3 4");
  EXPECT_EQ(decoded.batches[1].changes[0].version, (Version{test::kGeneration + 86'400'000, "3"}));
}

TEST(LambdaEvent, NamesTheTablesThatAreUnknown) {
  const std::string order = RecordText{}.json();
  const std::string user = RecordText{.arn = '"' + kUsersStreamArn + '"'}.json();

  const LambdaEvent decoded = decode_lambda_event(shared_text(event_of({order, user, order})), {});

  EXPECT_THAT(decoded.unknown_tables, ElementsAre(test::kTableArn, kUsersArn));
  EXPECT_THAT(decoded.batches, IsEmpty());
}

// What the table of the first record is decides whether the rest matters.
TEST(LambdaEvent, AnErrorBehindAnUnknownTableCountsOnceTheTableIsKnown) {
  const auto event =
      shared_text(event_of({RecordText{}.json(), RecordText{.source = R"("aws:kinesis")"}.json()}));

  EXPECT_THAT(decode_lambda_event(event, {}).unknown_tables, ElementsAre(test::kTableArn));

  const KnownTables tables{{test::kTableArn, test::source_table(kS)}};
  EXPECT_THAT(failure_of([&] { decode_lambda_event(event, tables); }),
              StartsWith("usage: event comes from \"aws:kinesis\""));
}

TEST(LambdaEvent, IsDecodedAgainOnlyForATableThatIsFound) {
  int decoded = 0;
  const auto decode_counted = [&](const KnownTables& tables) {
    ++decoded;
    return decode_lambda_event(shared_text(event_of({RecordText{}.json()})), tables);
  };
  KnownTables tables;

  EXPECT_EQ(failure_of([&] {
              decode_with(tables, decode_counted, [](const std::string&) {
                throw Error{Error::Kind::usage, "no replica belongs to it"};
              });
            }),
            "usage: no replica belongs to it");
  EXPECT_EQ(decoded, 1);

  const auto find = [&](const std::string& arn) { tables[arn] = test::source_table(kS); };
  EXPECT_THAT(decode_with(tables, decode_counted, find).batches, SizeIs(1));
  EXPECT_EQ(decoded, 3);
  EXPECT_THAT(decode_with(tables, decode_counted, find).batches, SizeIs(1));
  EXPECT_EQ(decoded, 4);
}

TEST(LambdaEvent, MayHaveItsMembersInAnyOrderAndSpelling) {
  const std::string record =
      "{ \"eventSourceARN\" : \"" + test::kStreamArn +
      "\" , \"dynamodb\" : { \"Sequence\\u004eumber\""
      " : \"5\" , \"NewImage\" : {\"pk\":{\"S\":\"a\"}} , \"Keys\" : {\"pk\":{\"S\":\"a\"}} } ,\n"
      "\"event\\u004eame\" : \"IN\\u0053ERT\" }";

  const Batch batch = decode("\n{ \"other\" : [1] , \"Records\" : [ " + record + " ] } \n");

  ASSERT_THAT(batch.changes, SizeIs(1));
  EXPECT_EQ(batch.changes[0].record, record);
  EXPECT_EQ(batch.changes[0].image, R"({"pk":{"S":"a"}})");
}

// A record counts whatever decorates it. Without a time that can be read it is of now.
TEST(LambdaEvent, DecorationRefusesNothing) {
  const auto now = std::chrono::system_clock::now();
  for (const char* time : {"", "null", "-1", "1e99", "true", R"("yesterday")", "[1]"}) {
    RecordText record;
    record.time = time;
    record.version = "1.1";
    record.view_type = "5";
    const Batch batch = decode(test::event_of({record.json()}));

    ASSERT_THAT(batch.changes, SizeIs(1)) << time;
    EXPECT_LT(std::chrono::abs(batch.changes[0].time - now), std::chrono::minutes{1}) << time;
    EXPECT_TRUE(batch.changes[0].time_is_unknown) << time;
  }
}

TEST(LambdaEvent, ARejectedRecordKeepsItsKeyAndVersion) {
  RecordText record;
  record.name = R"("UPSERT")";
  record.sequence_number = R"("7")";
  const Batch batch = decode(test::event_of({record.json()}));

  ASSERT_THAT(batch.rejected, SizeIs(1));
  std::string key;
  append_key_part(key, "a");
  EXPECT_EQ(batch.rejected[0].key, key);
  EXPECT_EQ(batch.rejected[0].version, (Version{test::kGeneration, "7"}));
}

TEST(LambdaEvent, LeavesItToWhoReadsAnImageToFindThatItIsNoJson) {
  const Batch batch = decode(event_of({RecordText{.new_image = R"({"pk":{"S" "a"}})"}.json()}));

  ASSERT_THAT(batch.changes, SizeIs(1));
  EXPECT_EQ(batch.changes[0].image, R"({"pk":{"S" "a"}})");
}

TEST(LambdaEvent, TellsTheItemBeforeAChangeIfTheRecordDoes) {
  const std::string before = R"({"pk":{"S":"a"},"v":{"N":"0"}})";
  const auto old_image_of = [&](const std::string& name, const std::string& old_image) {
    std::string record = RecordText{.name = '"' + name + '"'}.json();
    if (!old_image.empty())
      record.insert(record.find(R"("NewImage")"), R"("OldImage":)" + old_image + ",");
    const Batch batch = decode(event_of({record}));
    const auto& old = batch.changes.at(0).old_image;
    return old ? std::optional{std::string{*old}} : std::nullopt;
  };
  EXPECT_EQ(old_image_of("MODIFY", before), before);
  EXPECT_EQ(old_image_of("REMOVE", before), before);
  EXPECT_EQ(old_image_of("INSERT", ""), "") << "there was none";
  EXPECT_EQ(old_image_of("MODIFY", ""), std::nullopt);
  EXPECT_EQ(old_image_of("REMOVE", ""), std::nullopt);
  EXPECT_EQ(old_image_of("MODIFY", "5"), std::nullopt) << "it refuses nothing";
}

TEST(LambdaEvent, TellsWhatTimeToLiveRemovedInBothSpellings) {
  const auto removal_of = [](const std::string& identity) {
    std::string record = RecordText{.name = "\"REMOVE\"", .new_image = ""}.json();
    record.insert(1, identity.empty() ? "" : fmt::format(R"("userIdentity":{},)", identity));
    return decode(event_of({record})).changes.at(0).removal;
  };
  const std::string lambda = R"({"type":"Service","principalId":"dynamodb.amazonaws.com"})";
  EXPECT_EQ(removal_of(lambda), Removal::expired);
  EXPECT_EQ(removal_of(R"({"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"})"),
            Removal::expired);
  for (const char* other :
       {"", "null", "5", "{}", R"({"type":"Service"})",
        R"({"type":"Service","principalId":"replication.dynamodb.amazonaws.com"})",
        R"({"type":"User","principalId":"dynamodb.amazonaws.com"})",
        R"({"type":7,"principalId":["dynamodb.amazonaws.com"]})"})
    EXPECT_EQ(removal_of(other), Removal::removed) << other;
}

TEST(LambdaEvent, OfAStreamWithoutNewImagesHasPutsThatLackThem) {
  for (const char* view_type : {"KEYS_ONLY", "OLD_IMAGE"}) {
    for (const char* name : {"INSERT", "MODIFY"}) {
      const RecordText record{.name = fmt::format("\"{}\"", name),
                              .new_image = "",
                              .view_type = fmt::format("\"{}\"", view_type)};

      const Batch batch = decode(event_of({record.json()}));

      ASSERT_THAT(batch.changes, SizeIs(1));
      EXPECT_EQ(batch.changes[0].kind, ChangeKind::put);
      EXPECT_EQ(batch.changes[0].image, "");
    }
  }
}

TEST(LambdaEvent, FromASourceThatIsNoStreamIsAUsageErrorThatNamesIt) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"aws-lambda-go/kinesis-event.json", "event comes from \"aws:kinesis\""},
      {"aws-lambda-go/kinesis-time-window-event.json", "event comes from \"aws:kinesis\""},
      {"aws-lambda-go/sqs-event.json", "event comes from \"aws:sqs\""},
      {"powertools/py-kinesisStreamEvent.json", "event comes from \"aws:kinesis\""},
      {"powertools/ts-kinesis-stream.json", "event comes from \"aws:kinesis\""},
      {"powertools/ts-kinesis-dynamodb-stream.json", "event comes from \"aws:kinesis\""},
      {"synthetic/esm-onfailure-sqs-body.json", "an on-failure report of a DynamoDB stream"},
      {"synthetic/esm-onfailure-record-age-body.json", "an on-failure report of a DynamoDB stream"},
      {"synthetic/esm-onfailure-kinesis-body.json", "an on-failure report of a Kinesis stream"},
      {"synthetic/esm-onfailure-s3-object.json", "an on-failure report of a DynamoDB stream"},
      {"synthetic/esm-onfailure-s3-object-string-payload.json", "an on-failure report"},
      {"synthetic/kds-record-microsecond.json", "event is no DynamoDB stream event"},
      {"synthetic/kds-record-binary-double-base64.json", "event is no DynamoDB stream event"},
      // Their ARNs are placeholders.
      {"aws-lambda-go/dynamodb-time-window-event.json", "eventSourceARN \"stream-ARN\" is not"},
      {"powertools/py-dynamoStreamEvent.json", "eventSourceARN \"eventsource_arn\" is not"},
      {"powertools/ts-dynamodb-base.json", "eventSourceARN \"eventsource_arn\" is not"},
  };
  for (const auto& [file, message] : cases)
    EXPECT_THAT(failure_of([&] { decode(read_testdata("events/" + file)); }),
                AllOf(StartsWith("usage: "), HasSubstr(message)))
        << file;
}

TEST(LambdaEvent, ThatIsNoEventAtAllIsAUsageError) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "event is not JSON"},
      {"[]", "event is an array where an object must be"},
      {"{}", "it has no Records"},
      {R"({"dynamite":"status"})", "it has no Records"},
      {R"({"detail-type":"x"})", "an EventBridge event"},
      {R"({"version":"2.0","rawPath":"/"})", "an HTTP request"},
      {R"({"Records":5})", "event is a number where an array must be"},
      {R"({"Records":null})", "event is a null where an array must be"},
      {R"({"Records":[],"Records":[]})", "Records of the event is there twice"},
      {R"({"Records":[]} {"Records":[]})", "more text behind the end"},
      {R"({"Records":[])", "event is not JSON"},
      {R"({"Records":[{]})", "event is not JSON: no ']'"},
      {R"({"Records":[{"a":")", "event is not JSON: a value without end"},
      {"{\"Records\":[],\"x\":\"\xFF\"}", "event is not JSON: the text is not UTF-8"},
      {"{\"Records\":[],\"x\":\"\xED\xA0\x80\"}", "not UTF-8"},
  };
  for (const auto& [event, message] : cases)
    EXPECT_THAT(failure_of([&] { decode(event); }),
                AllOf(StartsWith("usage: "), HasSubstr(message)))
        << event;
}

TEST(LambdaEvent, CutAtAnyByteIsAUsageErrorAndNoCrash) {
  const std::string event = event_of({RecordText{}.json(), RecordText{}.json()});
  for (std::size_t size = 0; size < event.size(); ++size)
    EXPECT_THAT(failure_of([&] { decode(event.substr(0, size)); }), StartsWith("usage: ")) << size;
}

TEST(LambdaEvent, OfTumblingWindowsIsTaken) {
  const std::string event = R"({"Records":[)" + RecordText{}.json() +
                            R"(],"window":{"start":"2020-07-30T17:00:00Z"},"state":{"1":"x"},
      "shardId":"shard1","eventSourceARN":"x","isFinalInvokeForWindow":false})";

  EXPECT_THAT(decode(event).changes, SizeIs(1));
}

TEST(LambdaEventFile, OfAllTypesIsTaken) {
  const Batch batch =
      decode(read_testdata("events/synthetic/lambda-all-types.json"), key_schema(KeyType::B));

  ASSERT_THAT(batch.changes, SizeIs(1));
  EXPECT_EQ(split_key(batch.changes[0].key).parts[0], std::string_view("\0\xFF\x10", 3));
}

TEST(LambdaEventFile, OfAnExpiredItemIsARemove) {
  const Batch batch = decode(read_testdata("events/synthetic/lambda-ttl-remove.json"), kSN);

  ASSERT_THAT(batch.changes, SizeIs(1));
  EXPECT_EQ(batch.changes[0].kind, ChangeKind::remove);
  EXPECT_EQ(batch.changes[0].key, canonical_key(R"({"pk":{"S":"o#1"},"sk":{"N":"7"}})", kSN));
}

TEST(LambdaEventFile, WithAnExponentHasTheTime) {
  const Batch batch = decode(read_testdata("events/synthetic/lambda-exponent-timestamp.json"));

  EXPECT_EQ(seconds(batch.changes.at(0)), 1'768'478'400);
}

TEST(LambdaEventFile, OfDeepNestingIsTaken) {
  const Batch batch = decode(read_testdata("events/synthetic/lambda-nested-31-maps.json"));

  EXPECT_THAT(batch.changes, SizeIs(1));
}

TEST(LambdaEventFile, OfAllViewTypesIsTaken) {
  const Batch batch = decode(read_testdata("events/synthetic/lambda-view-types.json"), kSN);

  EXPECT_THAT(batch.rejected, IsEmpty());
  EXPECT_GT(std::ranges::count_if(
                batch.changes,
                [](const Change& c) { return c.kind == ChangeKind::put && c.image.empty(); }),
            0);
}

TEST(LambdaEventFile, OfAnotherProjectIsTaken) {
  const KeySchema schema{.partition = {.name = "key", .type = KeyType::S},
                         .sort = KeyAttribute{.name = "val", .type = KeyType::S}};

  const Batch batch = decode(read_testdata("events/aws-lambda-go/dynamodb-event.json"), schema);

  EXPECT_THAT(batch.rejected, IsEmpty());
  ASSERT_THAT(batch.changes, SizeIs(testing::Ge(2)));
  EXPECT_EQ(split_key(batch.changes[0].key).parts[0], "binary");
  EXPECT_EQ(split_key(batch.changes[0].key).parts[1], "data");
}

TEST(LambdaEventFile, ThatIsTruncatedIsAUsageError) {
  EXPECT_THAT(failure_of([] {
                decode(read_testdata("events/aws-lambda-go/dynamodb-event-malformed.2.json"));
              }),
              StartsWith("usage: event is not JSON"));
}

}  // namespace
}  // namespace dynamite
