#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "decode/records.hpp"
#include "replica/follower.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

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
  ~ApplyTest() override { std::filesystem::remove(file_); }

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
  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.qualified_name()), "a|new");
}

TEST_F(ApplyTest, StatsAreOneJsonLine) {
  const std::string file = write(put_record("a", 1) + "\n" + put_record("b", 2) + "\n");

  const Finished run = apply_files({"--stats", "--connections", "2", "--batch", "1", file, file});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, MatchesRegex("\\{\"records\":4,\"applied\":2,\"dead_letters\":0,"
                                       "\"wall_s\":[0-9.]+,\"client_cpu_s\":[0-9.]+,"
                                       "\"decode_s\":[0-9.]+\\}\n"));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "2");
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
                0, "1 keys, 1 rows changed"},
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
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "300");
}

TEST_F(ApplyTest, ABrokenLineIsSetAsideAndTheRestApplied) {
  const std::string good = put_record("a", 1);
  const Finished run =
      apply_files({write(good + "\n" + good.substr(0, 100) + "\n" + put_record("b", 2) + "\n")});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("1 dead letters"));
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name() + " ORDER BY pk"), "a\nb");
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
