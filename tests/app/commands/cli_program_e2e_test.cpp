#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "support/http_server.hpp"
#include "support/process.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

/// Runs the built program in a directory of its own with nothing else in the environment.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    std::string pattern = testing::TempDir() + "dynamite-program-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~ProgramTest() override { std::filesystem::remove_all(directory_); }

  /// `streams`: where standard output and error go instead of what is read back.
  Outcome run(const std::string& arguments, const std::string& prefix = "",
              const std::string& program = DYNAMITE_PROGRAM, const std::string& streams = "") {
    const auto command = "cd " + directory_.string() + " && env -i PATH=\"$PATH\" " + prefix + " " +
                         program + " " + arguments + " >out 2>err </dev/null " + streams;
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }

  std::string read(const char* name) {
    std::ifstream stream{directory_ / name};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  std::filesystem::path directory_;
};

TEST_F(ProgramTest, HelpGoesToStandardOutput) {
  const auto outcome = run("--help");

  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("Exit status:"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ProgramTest, WrongUsageIsTwoWithAHint) {
  const auto outcome = run("replcate");

  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "dynamite: no command is named \"replcate\", did you mean \"replicate\"?\n"
            "hint: run `dynamite --help`\n");
}

TEST_F(ProgramTest, WrongConfigurationIsTwo) {
  std::ofstream{directory_ / "dynamite.toml"} << "urk = 1\nregion = 2\n";

  const auto outcome = run("status");

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, AllOf(StartsWith("dynamite: 2 errors in the configuration\n"),
                                 HasSubstr("  dynamite.toml:1: unknown key \"urk\""),
                                 HasSubstr("  dynamite.toml:2: region is 2")));
}

TEST_F(ProgramTest, ServerThatIsNotThereIsOneAndThePasswordIsNotShown) {
  const auto outcome = run(
      "status", "DYNAMITE_URL=postgresql://app:hunter2@127.0.0.1:1/db DYNAMITE_REGION=eu-west-1");

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, AllOf(StartsWith("dynamite: "), Not(HasSubstr("hunter2"))));
}

// Errors and logs that cannot be written must not change how the program ends.
TEST_F(ProgramTest, AStandardErrorThatIsFullOrClosedLeavesTheExitStatus) {
  const std::string nobody =
      "DYNAMITE_URL=postgresql://127.0.0.1:1/db DYNAMITE_REGION=eu-west-1 AWS_MAX_ATTEMPTS=3 "
      "AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=B";
  for (const char* errors : {"2>/dev/full", "2>&-"}) {
    EXPECT_EQ(run("replcate", "", DYNAMITE_PROGRAM, errors).status, 2) << errors;
    EXPECT_EQ(run("status", nobody, DYNAMITE_PROGRAM, errors).status, 1) << errors;
    EXPECT_EQ(run("snapshot --table Orders", nobody, DYNAMITE_PROGRAM, errors).status, 1) << errors;
  }
}

TEST_F(ProgramTest, AStandardOutputThatIsFullOrClosedIsAnError) {
  for (const char* output : {">/dev/full", ">&-"}) {
    const auto outcome = run("--help", "", DYNAMITE_PROGRAM, output);
    EXPECT_EQ(outcome.status, 1) << output << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("cannot write all results to standard output"));
  }
  EXPECT_EQ(run("--help", "", DYNAMITE_PROGRAM, ">&- 2>&-").status, 1);
}

TEST_F(ProgramTest, FollowingNothingIsAnErrorUnlessItIsToldToWait) {
  test::HttpServer aws{[](const test::ServedRequest&) {
    return test::ServedResponse{.body = R"({"TableNames":[]})"};
  }};
  const std::map<std::string, std::string> environment{
      {"DYNAMITE_URL", "postgresql://127.0.0.1:1/db"},
      {"AWS_REGION", "eu-west-1"},
      {"AWS_ENDPOINT_URL", aws.url()}};

  const test::Finished refused = test::run_program({"replicate", "--all"}, environment);
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.errors,
              AllOf(HasSubstr("no table of eu-west-1 can be followed"), HasSubstr("--wait")));

  test::Process waiting{{DYNAMITE_PROGRAM, "replicate", "--all", "--wait"}, environment};
  for (int look = 0; look < 100 && waiting.errors().empty(); ++look)
    std::this_thread::sleep_for(50ms);
  EXPECT_THAT(waiting.errors(), HasSubstr("waiting for tables"));
  waiting.signal(SIGTERM);
  EXPECT_EQ(waiting.wait(), 0);
}

TEST_F(ProgramTest, NameOfALinkSelectsTheCommand) {
  for (const char* name : {"bootstrapdb", "verifydb"}) {
    std::filesystem::create_symlink(DYNAMITE_PROGRAM, directory_ / name);
  }

  EXPECT_THAT(run("--help", "", "./bootstrapdb").out, HasSubstr("--dry-run"));
  EXPECT_THAT(run("--help", "", "./verifydb").out, HasSubstr("--events"));
}

TEST_F(ProgramTest, SigtermEndsItWithinTwoSecondsThoughTheServerIsSilent) {
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent, 8), 0);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto url = "postgresql://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/db";

  test::Process program{{DYNAMITE_PROGRAM, "status"}, {{"DYNAMITE_URL", url}}};
  const int waiting = accept(silent, nullptr, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  program.signal(SIGTERM);
  const int status = program.wait();
  const auto time = std::chrono::steady_clock::now() - begin;
  close(waiting);
  close(silent);

  EXPECT_EQ(status, 1);
  EXPECT_THAT(program.errors(), EndsWith("\n"));
  EXPECT_LT(time, 2s);
}

}  // namespace
}  // namespace dynamite
