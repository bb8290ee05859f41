#include "credentials/process.hpp"

#include <sys/wait.h>

#include <cerrno>

#include "credentials/fixture.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using namespace std::chrono_literals;

TEST(CommandLine, IsSplitAsByAShellThatExpandsNothing) {
  EXPECT_THAT(split_command_line("  a\t b  "), ElementsAre("a", "b"));
  EXPECT_THAT(split_command_line(R"("a b"c 'd "e' "" '')"), ElementsAre("a bc", "d \"e", "", ""));
  EXPECT_THAT(split_command_line(R"(a\ b "c\"\\\d" 'e\' f\)"),
              ElementsAre("a b", R"(c"\\d)", R"(e\)", R"(f\)"));
  EXPECT_THAT(split_command_line("a $HOME;b|c `d` *"), ElementsAre("a", "$HOME;b|c", "`d`", "*"));
  EXPECT_THAT(split_command_line(" "), IsEmpty());
  EXPECT_EQ(failure_of([] { split_command_line("a 'geheim"); }),
            "usage: credential_process has a ' without its end");
}

TEST(OutputOf, IsWhatTheProgramWrites) {
  EXPECT_EQ(output_of({"echo", "a  b", "$HOME"}, 60s), "a  b $HOME\n");
  EXPECT_EQ(output_of({"cat"}, 60s), "");
}

std::string why(const std::vector<std::string>& words, std::chrono::milliseconds limit = 60s) {
  return failure_of([&] { output_of(words, limit); });
}

TEST(OutputOf, FailuresNameTheProgramAndNotItsArgumentsOrOutput) {
  EXPECT_EQ(why({"sh", "-c", "echo geheim; exit 3"}),
            "usage: credential_process \"sh\" ended with status 3, wanted 0");
  EXPECT_EQ(why({"sh", "-c", "kill -9 $$"}),
            "usage: credential_process \"sh\" was ended by signal 9");
  EXPECT_EQ(why({"/does/not/exist", "geheim"}),
            "usage: credential_process \"/does/not/exist\" cannot be started: No such file or "
            "directory");
  EXPECT_EQ(why({"sh", "-c", "yes geheim"}),
            "usage: credential_process \"sh\" wrote more than 65536 bytes");
}

TEST(OutputOf, EndsAProgramThatTakesTooLongWithItsChildren) {
  EXPECT_EQ(why({"sh", "-c", "sleep 600 & sleep 600"}, 50ms),
            "usage: credential_process \"sh\" did not end within 50 ms");
  EXPECT_EQ(why({"sh", "-c", "exec >&-; sleep 600"}, 50ms),
            "usage: credential_process \"sh\" did not end within 50 ms");

  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

class CredentialsProcessTest : public CredentialsChainTest {
 protected:
  CredentialsProcessTest() {
    write(".aws/config",
          "[default]\ncredential_process = sh -c 'echo run >>\"$1\"; cat \"$2\"' "
          "sh \"" +
              (home / "runs").string() + "\" " + (home / "keys").string() + "\n");
  }

  void give(int n, const std::string& more) const {
    write("keys",
          fmt::format(R"({{{}"AccessKeyId":"ID{}","SecretAccessKey":"geheim{}"}})", more, n, n));
  }
  std::string ends() const {
    return fmt::format(R"("Version":1,"SessionToken":"T","Expiration":"{}",)", in_minutes(60));
  }
  std::uintmax_t runs() const { return std::filesystem::file_size(home / "runs") / 4; }
};

TEST_F(CredentialsProcessTest, AreRefreshed) {
  give(1, ends());
  between = [this] { give(2, ends()); };

  expect_refreshed("ID1/geheim1/T", "ID2/geheim2/T");

  EXPECT_EQ(runs(), 2U);
}

TEST_F(CredentialsProcessTest, WithoutAnEndAreKeptUntilTheyAreRefused) {
  give(1, R"("Version":1,"SessionToken":null,)");
  const auto keys = provider();
  const Credentials first = keys->get();
  now += 100h;
  EXPECT_EQ(words(keys->get()), "ID1/geheim1/");
  EXPECT_EQ(runs(), 1U);

  give(2, R"("Version":1,)");
  keys->invalidate(first);
  EXPECT_EQ(words(keys->get()), "ID2/geheim2/");
}

TEST_F(CredentialsProcessTest, AnOutputOfAnotherKindIsAnErrorWithoutItsContents) {
  for (const std::string more : {"", R"("Version":2,)", R"("Version":"1",)"}) {
    give(1, more);
    EXPECT_EQ(failure(), "usage: credential_process gave no Version 1");
  }
  for (const std::string text : {"geheim", "", R"({"Version":1,"AccessKeyId":"geheim"})"}) {
    write("keys", text);
    EXPECT_THAT(failure(),
                AllOf(StartsWith("usage: credential_process gave"), Not(HasSubstr("geheim"))));
  }
}

TEST_F(CredentialsProcessTest, KeysThatHaveEndedAreAnError) {
  give(1, fmt::format(R"("Version":1,"Expiration":"{}",)", in_minutes(-1)));

  EXPECT_EQ(failure(), "usage: the AWS credentials that were found have expired");
}

TEST_F(CredentialsProcessTest, AFailureIsFatalThoughAContainerWouldHaveKeys) {
  std::filesystem::remove(home / "keys");
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url();

  EXPECT_THAT(failure(), HasSubstr("ended with status 1, wanted 0"));
  EXPECT_THAT(asked, SizeIs(0));
}

}  // namespace
}  // namespace dynamite::test
