#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "decode/records.hpp"
#include "replica/state/follower.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr const char* kStreamArn =
    R"("arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/2026-01-15T12:00:00.123")";

/// A record of the table of ReplicaTest.
std::string put_record(const std::string& key, std::uint64_t sequence_number,
                       const std::string& value = "x") {
  RecordText record;
  record.arn = kStreamArn;
  record.keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key);
  record.new_image = item(key, value);
  record.sequence_number = fmt::format("\"{}\"", sequence_number);
  return record.json();
}

class ApplyTest : public ReplicaTest {
 protected:
  ~ApplyTest() override {
    std::filesystem::remove(file_);
    std::filesystem::remove(file_ + ".gz");
  }

  std::string write(const std::string& text) {
    std::ofstream{file_, std::ios::binary} << text;
    return file_;
  }

  Finished apply_files(std::vector<std::string> files) const {
    files.insert(files.begin(), {"apply", "--as-recorded"});
    return run_program(std::move(files), {{"DYNAMITE_URL", url()},
                                          {"DYNAMITE_SCHEMA", schema()},
                                          {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                          {"DYNAMITE_CREATE_TABLES", "never"},
                                          {"AWS_REGION", "us-east-1"}});
  }

  const std::string file_ = ::testing::TempDir() + "dynamite-apply-" + std::to_string(getpid());
};

TEST_F(ApplyTest, AppliesAnEventAndCounts) {
  const std::string file = write(event_of({put_record("a", 1), put_record("a", 2, "new")}));

  const Finished run = apply_files({file});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(run.output, file + ": 2 records, 1 keys, 1 rows changed, 0 dead letters\n");
  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.targets.front().qualified_name()),
            "a|new");
}

TEST_F(ApplyTest, SaysThatRecordsOfAnEndedStreamChangeNothing) {
  query(fmt::format("UPDATE {}.replica SET oldest_stream = 4102444800000", state_schema()));
  const std::string file = write(put_record("a", 1));

  const Finished run = apply_files({file});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("1 of the records are of a stream that ended before the last"));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "0");
}

TEST_F(ApplyTest, StatsAreOneJsonLine) {
  const std::string file = write(put_record("a", 1) + "\n" + put_record("b", 2) + "\n");

  const Finished run = apply_files({"--stats", "--connections", "2", "--batch", "1", file, file});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, MatchesRegex("\\{\"records\":4,\"applied\":2,\"dead_letters\":0,"
                                       "\"wall_s\":[0-9.]+,\"client_cpu_s\":[0-9.]+,"
                                       "\"decode_s\":[0-9.]+\\}\n"));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
}

TEST_F(ApplyTest, ASecondTimeChangesNothing) {
  const std::string file = write(put_record("a", 1));
  apply_files({file});

  EXPECT_THAT(apply_files({file}).output, HasSubstr("1 records, 1 keys, 0 rows changed"));
}

/// A hundred megabytes that nobody means well with, and what is said of them.
struct Hostile {
  const char* name;
  std::string (*text)();
  int status;
  const char* said;
};

constexpr std::size_t kHostileBytes = 100'000'000;

class HostileFileTest : public ApplyTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileFileTest, CostsBoundedMemory) {
  const std::string file = write(GetParam().text());

  const Finished run = apply_files({file});

  EXPECT_EQ(run.status, GetParam().status);
  EXPECT_THAT(run.output + run.errors, HasSubstr(GetParam().said));
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  EXPECT_LT(children.ru_maxrss, 6 * kHostileBytes / 1'024);
}

std::string repeated(std::string_view text) {
  std::string all;
  for (all.reserve(kHostileBytes + text.size()); all.size() < kHostileBytes;) all += text;
  return all;
}

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += R"({"L":[)";
  for (std::size_t i = 0; i < depth; ++i) text += "]}";
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Apply, HostileFileTest,
    ::testing::Values(
        Hostile{"Brackets", [] { return repeated("["); }, 2, "an array where an object must be"},
        Hostile{"EmptyRecords",
                [] { return R"({"Records":[)" + put_record("a", 1) + repeated(",{}") + "]}"; }, 2,
                "more than 100000 records are malformed"},
        Hostile{"OneString", [] { return event_of({put_record("a", 1, repeated("x"))}); }, 0,
                "1 rows changed"},
        Hostile{"RepeatedRecords",
                [] {
                  return R"({"Records":[)" + put_record("a", 2) +
                         repeated("," + put_record("a", 1)) + "]}";
                },
                0, "1 rows changed"},
        Hostile{"Nesting",
                [] {
                  RecordText record;
                  record.arn = kStreamArn;
                  record.new_image = nested(10'000);
                  return event_of({put_record("a", 1), record.json()});
                },
                0, "1 dead letters"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ApplyTest, AFileLargerThanAPartIsCutBetweenItsLines) {
  constexpr std::uint64_t kRecords = 300;
  const std::string filler(100'000, 'x');
  std::string lines;
  for (std::uint64_t i = 1; i <= kRecords; ++i)
    lines += put_record(fmt::format("k{}", i), i, filler) + (i % 2 == 0 ? "\r\n" : "\n");

  const Finished run = apply_files({write(lines)});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("300 records, 300 keys, 300 rows changed, 0 dead letters"));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "300");
}

TEST_F(ApplyTest, ABrokenLineIsSetAsideAndTheRestApplied) {
  const std::string good = put_record("a", 1);
  const Finished run =
      apply_files({write(good + "\n" + good.substr(0, 100) + "\n" + put_record("b", 2) + "\n")});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("1 dead letters"));
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name() + " ORDER BY pk"),
            "a\nb");
}

TEST_F(ApplyTest, StrangeDocumentsAreNamedByTheirPlaceAndTheOthersGoOn) {
  const std::string file = write(put_record("a", 1) + "\n{\"Item\":{}}\n[" + put_record("b", 2) +
                                 ",\n{\"a\":1}]\n" + put_record("c", 3) + "\n");

  const Finished run = apply_files({file});

  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(
      run.output,
      file + ": 3 records, 3 keys, 3 rows changed, 0 dead letters, 2 documents passed over\n");
  EXPECT_THAT(run.errors, HasSubstr("place=\"line 2\" reason=\"event is no DynamoDB stream event, "
                                    "but a line of a table export\""));
  EXPECT_THAT(run.errors, HasSubstr("place=\"line 4, element 2\""));
}

TEST_F(ApplyTest, WhereNothingElseIsThereItIsAnErrorWithoutWordsOfLambda) {
  for (const auto& [name, said] :
       {std::pair{"kinesis-record-content.json", "Kinesis"},
        {"export-lines.json", "line 1: event is no DynamoDB stream event, but a line of a table"},
        {"get-records-output.json", "--stream-arn"}}) {
    const Finished run =
        apply_files({write(read_testdata(std::string{"events/synthetic/"} + name))});

    EXPECT_EQ(run.status, 2) << name;
    EXPECT_THAT(run.errors, AllOf(HasSubstr(said), HasSubstr("hint: "),
                                  Not(HasSubstr("the function's event source"))));
  }
}

TEST_F(ApplyTest, OutputOfGetRecordsIsAppliedWithItsStreamNamed) {
  const Finished run = apply_files(
      {"--stream-arn", std::string{kStreamArn}.substr(1, std::string_view{kStreamArn}.size() - 2),
       write(read_testdata("events/synthetic/get-records-output.json"))});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("1 records, 1 keys, 1 rows changed"));
}

TEST_F(ApplyTest, AFolderIsNamedAsOne) {
  const Finished run = apply_files({::testing::TempDir()});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.errors, HasSubstr("is a folder"));
}

/// 300 records of 100 KB in one document that is many times as large as a part.
struct Layout {
  const char* name;
  const char *begin, *between, *end;
};

class LargeDocumentTest : public ApplyTest, public ::testing::WithParamInterface<Layout> {};

TEST_P(LargeDocumentTest, IsCutBetweenItsRecords) {
  constexpr std::uint64_t kRecords = 300;
  std::string text = GetParam().begin;
  for (std::uint64_t i = 1; i <= kRecords; ++i)
    text += (i == 1 ? "" : GetParam().between) +
            put_record(fmt::format("k{}", i), i, std::string(100'000, 'x'));

  const Finished run = apply_files({write(text + GetParam().end)});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("300 records, 300 keys, 300 rows changed, 0 dead letters"));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "300");
}

INSTANTIATE_TEST_SUITE_P(
    Apply, LargeDocumentTest,
    ::testing::Values(Layout{"ArrayALine", "[\n", ",\n", "\n]\n"},
                      Layout{"ArrayInOneLine", "[", ", ", "]"},
                      Layout{"Event", R"({"Records":[)", ",", R"(],"NextShardIterator":"[x,"})"},
                      Layout{"EventBehindMembers",
                             "{\n\"x\": {\"Records\": [1]},\n\"Records\" : [\n", "\n,\n",
                             "\n]\n}\n"},
                      Layout{"Documents", "", " ", ""}),
    [](const auto& test) { return test.param.name; });

TEST_F(ApplyTest, GzipOfSeveralMembersIsUnpacked) {
  write(put_record("a", 1) + "\n");
  const std::string packed = file_ + ".gz";
  ASSERT_EQ(std::system(fmt::format("gzip -c {0} > {1}", file_, packed).c_str()), 0);
  write(put_record("b", 2) + "\n");
  ASSERT_EQ(std::system(fmt::format("gzip -c {0} >> {1}", file_, packed).c_str()), 0);

  const Finished run = apply_files({packed});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(query("SELECT string_agg(pk, '' ORDER BY pk) FROM " +
                  orders.targets.front().qualified_name()),
            "ab");
}

TEST_F(ApplyTest, GzipThatIsCutOffOrDamagedIsAnErrorThatNamesTheFile) {
  write(repeated(put_record("a", 1) + "\n").substr(0, 1'000'000));
  const std::string packed = file_ + ".gz";
  ASSERT_EQ(std::system(fmt::format("gzip -c {} | head -c 1000 > {}", file_, packed).c_str()), 0);

  const Finished cut = apply_files({packed});

  EXPECT_EQ(cut.status, 2);
  EXPECT_THAT(cut.errors, HasSubstr("\"" + packed + "\": gzip ends before its end: it is cut off"));
  ASSERT_EQ(std::system(fmt::format("printf 'xxxx' >> {}", packed).c_str()), 0);
  EXPECT_EQ(apply_files({packed}).status, 2);
}

TEST_F(ApplyTest, AGzipThatUnpacksToAGigabyteCostsBoundedMemory) {
  const std::string packed = file_ + ".gz";
  ASSERT_EQ(std::system(fmt::format("head -c 1000000000 /dev/zero | gzip -1 > {}", packed).c_str()),
            0);

  const Finished run = apply_files({packed});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.errors, HasSubstr("the document of line 1 is larger than 256 MB"));
}

TEST_F(ApplyTest, IsRefusedWhereADaemonFollows) {
  take_over(*connection, orders, {});

  const Finished run = apply_files({write(put_record("a", 1))});

  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.errors, HasSubstr("a daemon follows \"orders\""));
  EXPECT_THAT(run.errors, HasSubstr("dynamite release"));
  EXPECT_EQ(rows(), "");
}

TEST_F(ApplyTest, AFileThatCannotBeReadIsNamed) {
  const Finished run = apply_files({"/no/such/file"});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.errors, HasSubstr("cannot read \"/no/such/file\""));
}

TEST_F(ApplyTest, WhatIsNoRecordingIsRefused) {
  const Finished run = apply_files({write("hello")});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.errors, HasSubstr("not JSON"));
}

}  // namespace
}  // namespace dynamite::test
