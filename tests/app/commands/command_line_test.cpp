#include "app/cli/command_line.hpp"

#include <gmock/gmock.h>

#include <map>

#include "app/commands/commands.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Variables = std::map<std::string, std::string, std::less<>>;

std::variant<CommandLine, int> parse_any(std::vector<const char*> words, Variables variables = {}) {
  const Environment environment = [variables](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  return parse_command_line(static_cast<int>(words.size()), words.data(), environment, commands());
}

/// `words` come after the program's name.
CommandLine parse(std::vector<const char*> words, Variables variables = {}) {
  words.insert(words.begin(), "/usr/bin/dynamite");
  return std::get<CommandLine>(parse_any(std::move(words), std::move(variables)));
}

std::string error_of(std::vector<const char*> words, Variables variables = {}) {
  try {
    parse(std::move(words), std::move(variables));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_NE(error.hint(), "");
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// What `name` cannot be without.
std::vector<const char*> least_words(std::string_view name) {
  if (name == "apply") return {"apply", "x"};
  if (name == "load") return {"load", "--table", "Orders"};
  if (name == "suggest") return {"suggest", "--table", "Orders"};
  return {name.data()};
}

TEST(CommandLine, EveryCommandIsKnownByItsName) {
  for (const Command& command : commands()) {
    const CommandLine line = parse(least_words(command.name));

    EXPECT_EQ(line.command, &command) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
  }
}

TEST(CommandLine, OnlyARetryOfDeadLettersNeedsARegion) {
  EXPECT_FALSE(parse({"dead-letters"}).needs.region);
  EXPECT_FALSE(parse({"dead-letters", "discard", "--all"}).needs.region);
  EXPECT_TRUE(parse({"dead-letters", "retry", "--all"}).needs.region);
  EXPECT_TRUE(parse({"dead-letters"}).needs.database);
}

TEST(CommandLine, DeadLettersAreListedUnlessAnotherActionIsNamed) {
  using Action = DeadLetterOptions::Action;

  EXPECT_EQ(parse({"dead-letters"}).letters.action, Action::list);
  EXPECT_EQ(parse({"dead-letters", "list"}).letters.action, Action::list);
  EXPECT_EQ(parse({"dead-letters", "show"}).letters.action, Action::show);
  EXPECT_EQ(parse({"dead-letters", "retry", "--id", "7"}).letters.action, Action::retry);
  EXPECT_EQ(parse({"dead-letters", "discard", "--all"}).letters.action, Action::discard);
}

TEST(CommandLine, ApplyTellsHowToApply) {
  const ApplyCommandOptions usual = parse({"apply", "x"}).apply;
  const ApplyCommandOptions measured =
      parse({"apply", "--stats", "--as-recorded", "--batch", "1000", "--connections", "2", "x"})
          .apply;

  EXPECT_EQ(usual.connections, 1U);
  EXPECT_EQ(usual.batch, std::nullopt);
  EXPECT_FALSE(usual.stats || usual.as_recorded);
  EXPECT_EQ(measured.connections, 2U);
  EXPECT_EQ(measured.batch, 1'000U);
  EXPECT_TRUE(measured.stats && measured.as_recorded);
}

TEST(CommandLine, NameOfTheProgramSelectsTheCommand) {
  const auto line = std::get<CommandLine>(parse_any({"bin/bootstrapdb", "--dry-run"}));
  EXPECT_STREQ(line.command->name, "bootstrap");
  EXPECT_TRUE(line.bootstrap.dry_run);

  const auto verify =
      std::get<CommandLine>(parse_any({"verifydb", "--items", "3", "--events", "7"}));
  EXPECT_STREQ(verify.command->name, "verifydb");
  EXPECT_EQ(verify.verify.items, 3U);
  EXPECT_EQ(verify.verify.events, 7U);
}

TEST(CommandLine, InsideLambdaNoCommandIsNeeded) {
  const Variables inside{{"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"}};

  EXPECT_STREQ(std::get<CommandLine>(parse_any({"/var/task/bootstrap"}, inside)).command->name,
               "lambda");
  EXPECT_STREQ(parse({"status"}, inside).command->name, "status");
}

TEST(CommandLine, WithoutOptionsTheDefaultsHold) {
  const auto verify = parse({"verifydb"});
  EXPECT_EQ(verify.verify.items, 10U);
  EXPECT_EQ(verify.verify.events, 150U);
  EXPECT_FALSE(verify.verify.keep);
  EXPECT_EQ(verify.verify.seed, std::nullopt);

  const auto load = parse({"load", "--table", "Orders"}).load;
  EXPECT_EQ(load.items, 1000U);
  EXPECT_EQ(load.fields, 10U);
  EXPECT_EQ(load.rate, std::nullopt);
  EXPECT_EQ(load.time, std::nullopt);
  EXPECT_FALSE(load.create);
}

TEST(CommandLine, GlobalOptionsStandBeforeOrBehindTheCommand) {
  const auto before = parse({"--config", "a.toml", "--table", "Orders", "-v", "snapshot"});
  const auto behind = parse({"snapshot", "--config=a.toml", "--table=Orders", "--verbose"});

  for (const auto& line : {before, behind}) {
    EXPECT_EQ(line.config_file, "a.toml");
    EXPECT_THAT(line.tables, ElementsAre("Orders"));
    EXPECT_EQ(line.log.level, LogOptions::Level::debug);
  }
}

TEST(CommandLine, TableAndSetMayBeRepeated) {
  const auto line = parse({"snapshot", "--table", "Orders", "--set", "segments=8", "--table",
                           "Customers", "--table", "Orders", "--set", "connections=2"});

  EXPECT_THAT(line.tables, ElementsAre("Orders", "Customers"));
  EXPECT_THAT(line.settings, ElementsAre("segments=8", "connections=2"));
}

TEST(CommandLine, TableTakesOneNameOnly) {
  EXPECT_THAT(parse({"apply", "--table", "Orders", "a.json", "-"}).apply.files,
              ElementsAre("a.json", "-"));
}

TEST(CommandLine, FlagsOfTheCommands) {
  const auto replicate = parse({"replicate", "--all", "--once", "--no-snapshot"}).replicate;
  EXPECT_TRUE(replicate.all && replicate.once && replicate.no_snapshot);
  EXPECT_TRUE(parse({"snapshot", "--all"}).snapshot.all);
  EXPECT_TRUE(parse({"compare", "--all"}).compare.all);
  EXPECT_TRUE(parse({"status", "--json"}).status.json);
  EXPECT_TRUE(parse({"verifydb", "--keep"}).verify.keep);
  EXPECT_EQ(parse({"verifydb", "--seed", "9223372036854775807"}).verify.seed, 9223372036854775807U);
}

TEST(CommandLine, LoadReadsKeysRateAndTime) {
  const auto line = parse({"load", "--table", "Orders", "--create", "a:b:S,n:N", "--items", "5",
                           "--fields", "0", "--rate", "0.5", "--duration", "2m", "--seed", "7"});

  const KeySchema keys{{"a:b", KeyType::S}, KeyAttribute{"n", KeyType::N}};
  EXPECT_EQ(line.load.create, keys);
  EXPECT_EQ(line.load.items, 5U);
  EXPECT_EQ(line.load.fields, 0U);
  EXPECT_EQ(line.load.rate, 0.5);
  EXPECT_EQ(line.load.time, 2min);
  EXPECT_EQ(line.load.seed, 7U);
  const KeySchema partition_only{{"id", KeyType::B}, {}};
  EXPECT_EQ(parse({"load", "--table", "abc", "--create", "id:B"}).load.create, partition_only);
}

TEST(CommandLine, LogOptionsComeFromTheEnvironmentTooButTypedOnesWin) {
  const Variables variables{{"DYNAMITE_LOG_FORMAT", "json"}, {"DYNAMITE_LOG_LEVEL", "warn"}};

  const auto inherited = parse({"status"}, variables);
  EXPECT_EQ(inherited.log.format, LogOptions::Format::json);
  EXPECT_EQ(inherited.log.level, LogOptions::Level::warn);

  const auto typed = parse({"status", "--log-format", "text", "--log-level", "error"}, variables);
  EXPECT_EQ(typed.log.format, LogOptions::Format::text);
  EXPECT_EQ(typed.log.level, LogOptions::Level::error);
}

TEST(CommandLine, VersionIsPrinted) {
  testing::internal::CaptureStdout();

  const auto result = parse_any({"dynamite", "--version"});

  EXPECT_THAT(testing::internal::GetCapturedStdout(), StartsWith("dynamite "));
  EXPECT_EQ(std::get<int>(result), 0);
}

TEST(CommandLine, HelpOfACommandIsAboutThatCommand) {
  testing::internal::CaptureStdout();

  const auto result = parse_any({"dynamite", "replicate", "--help"});

  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              AllOf(HasSubstr("replicate"), HasSubstr("--once"), HasSubstr("Examples:")));
  EXPECT_EQ(std::get<int>(result), 0);
}

TEST(CommandLine, HelpIsNoWiderThanATerminal) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"dynamite", "--help"}, {"dynamite", "load", "--help"}, {"verifydb", "-h"}}) {
    testing::internal::CaptureStdout();
    parse_any(words);
    std::istringstream help{testing::internal::GetCapturedStdout()};

    for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

struct BadLine {
  const char* name;
  std::vector<const char*> words;
  const char* says;
};

class BadCommandLineTest : public testing::TestWithParam<BadLine> {};

TEST_P(BadCommandLineTest, IsAUsageErrorWithAHint) {
  EXPECT_THAT(error_of(GetParam().words), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCommandLineTest,
    testing::Values(
        BadLine{"Nothing", {}, "no command given"},
        BadLine{"Command", {"replcate"}, "no command is named \"replcate\", did you mean"},
        BadLine{"CutCommand", {"snap"}, "did you mean \"snapshot\"?"},
        BadLine{"TwoCommands", {"status", "release"}, "status takes no \"release\""},
        BadLine{"Option", {"snapshot", "--tabel", "x"}, "no option is named \"--tabel\", did you"},
        BadLine{"OtherCommandsOption", {"snapshot", "--once"}, "no option is named \"--once\""},
        BadLine{"NoValue", {"status", "--config"}, "--config"},
        BadLine{"NoFile", {"apply"}, "FILE is required"},
        BadLine{"NoConnections", {"apply", "--connections", "0", "x"}, "--connections"},
        BadLine{"ItemsZero", {"verifydb", "--items", "0"}, "--items"},
        BadLine{"ItemsText", {"verifydb", "--items", "ten"}, "--items"},
        BadLine{"SeedNegative", {"verifydb", "--seed", "-1"}, "--seed"},
        BadLine{"TableName", {"status", "--table", "a/b"}, "--table: \"a/b\" is no DynamoDB"},
        BadLine{"AllAndTable", {"snapshot", "--all", "--table", "abc"}, "exclude each other"},
        BadLine{"Action", {"dead-letters", "forget"}, "forget not in {list,show,retry,discard}"},
        BadLine{"RetryOfWhat", {"dead-letters", "retry"}, "retry which dead letters?"},
        BadLine{"Architecture", {"package", "--architecture", "mips"}, "wanted x86_64 or arm64"},
        BadLine{"SuggestWithoutTable", {"suggest"}, "suggest looks at one table, but 0 are named"},
        BadLine{"SuggestNothing", {"suggest", "--table", "abc", "--sample", "0"}, "--sample"},
        BadLine{"LoadWithoutTable", {"load"}, "load writes into one table, but 0 are named"},
        BadLine{"LoadTwoTables", {"load", "--table", "abc", "--table", "def"}, "but 2 are named"},
        BadLine{"LoadCreate", {"load", "--table", "abc", "--create", "pk"}, "NAME:S, NAME:N"},
        BadLine{"LoadCreateType", {"load", "--table", "abc", "--create", "pk:X"}, "\"pk:X\""},
        BadLine{
            "LoadCreateThree", {"load", "--table", "abc", "--create", "a:S,b:S,c:S"}, "two keys"},
        BadLine{"LoadCreateSame", {"load", "--table", "abc", "--create", "a:S,a:N"}, "both keys"},
        BadLine{"LoadRate", {"load", "--table", "abc", "--rate", "0"}, "--rate"},
        BadLine{
            "LoadDuration", {"load", "--table", "abc", "--duration", "30"}, "--duration is \"30\""},
        BadLine{
            "LoadDurationZero", {"load", "--table", "abc", "--duration", "0s"}, "--duration is"},
        BadLine{"VerifyTable", {"verifydb", "--table", "abc"}, "takes no --table"},
        BadLine{"LogFormat", {"status", "--log-format", "xml"}, "wanted text or json"},
        BadLine{
            "LogLevel", {"status", "--log-level", "loud"}, "wanted debug, info, warn or error"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace dynamite
