#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "decode/scan_page.hpp"
#include "support/local_dynamodb.hpp"
#include "support/natural_json.hpp"
#include "support/process.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const KeySchema kKeys{{"customer", KeyType::S}, KeyAttribute{"number", KeyType::N}};

class LoadTest : public ::testing::Test {
 protected:
  Finished load(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "load");
    return run_program(std::move(arguments), {{"AWS_ENDPOINT_URL", source_.endpoint()}});
  }

  /// All items, in canonical form.
  std::vector<std::string> items(const std::string& table, const KeySchema& keys) {
    const auto schema = std::make_shared<const SourceTable>(SourceTable{"", keys});
    std::vector<std::string> all;
    ScanRequest request{.table = table, .exclusive_start_key = ""};
    for (;;) {
      const ScanPage page = decode_scan_page(source_.api().scan(request), schema, Micros{});
      for (const Change& change : page.batch.changes)
        all.push_back(canonical_dynamodb_json(change.image));
      if (!page.last_evaluated_key) break;
      request.exclusive_start_key = *page.last_evaluated_key;
    }
    std::ranges::sort(all);
    return all;
  }

  LocalDynamoDb source_;
};

TEST_F(LoadTest, PutsEachItemOnce) {
  const std::string table = source_.create_table("Load", kKeys);

  const Finished run = load({"--table", table, "--items", "130", "--seed", "5"});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(run.output, table + ": 130 items written (--seed 5)\n");
  EXPECT_EQ(items(table, kKeys).size(), 130U);
}

TEST_F(LoadTest, AProfileThatIsMeantForAnEmulatorIsHeeded) {
  const std::string table = source_.create_table("Load", kKeys);
  const std::string file = ::testing::TempDir() + "dynamite-profiles-" + std::to_string(getpid());
  std::ofstream{file} << "[profile emulator]\nregion = eu-west-1\nservices = local\n"
                         "[services local]\ndynamodb =\n  endpoint_url = "
                      << source_.endpoint() << "\n";

  const Finished run = run_program({"load", "--table", table, "--items", "3"},
                                   {{"AWS_CONFIG_FILE", file}, {"AWS_PROFILE", "emulator"}});

  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(items(table, kKeys).size(), 3U);
  std::filesystem::remove(file);
}

TEST_F(LoadTest, ItemsHaveWhatMakesQueriesInteresting) {
  const std::string table = source_.create_table("Load", {{"pk", KeyType::B}, {}});

  load({"--table", table, "--items", "50"});

  for (const std::string& item : items(table, {{"pk", KeyType::B}, {}})) {
    EXPECT_THAT(item, HasSubstr(R"("customer":{"S":"C-00)"));
    EXPECT_THAT(item, ::testing::ContainsRegex(R"re("status":\{"S":"(new|paid|shipped)"\})re"));
    EXPECT_THAT(item, HasSubstr(R"("amount":{"N":)"));
    EXPECT_THAT(item, HasSubstr(R"("created":{"N":)"));
  }
}

TEST_F(LoadTest, MakesTheTableWithAStream) {
  const std::string table = fmt::format("Load.made.{}", getpid());

  const Finished run = load({"--table", table, "--create", "customer:S,number:N", "--items", "10"});

  EXPECT_EQ(run.status, 0) << run.errors;
  const TableDescription made = source_.api().describe_table(table);
  EXPECT_EQ(made.key_schema, kKeys);
  EXPECT_TRUE(made.stream_enabled);
  EXPECT_EQ(made.stream_view_type, "NEW_AND_OLD_IMAGES");
  EXPECT_EQ(items(table, kKeys).size(), 10U);
  source_.api().delete_table(table);
}

TEST_F(LoadTest, RefusesATableThatIsNotThere) {
  const Finished run = load({"--table", "Load.none"});

  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.errors, HasSubstr("there is no table \"Load.none\""));
  EXPECT_THAT(run.errors, HasSubstr("--create"));
}

TEST_F(LoadTest, ChangesItemsAtTheRateForTheDuration) {
  const std::string table = source_.create_table("Load", kKeys);
  const auto start = std::chrono::steady_clock::now();

  const Finished run =
      load({"--table", table, "--items", "20", "--rate", "100", "--duration", "2s"});

  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_GE(took, 1900ms);
  EXPECT_LT(took, 10s);
  int changes = 0;
  ASSERT_EQ(std::sscanf(run.output.c_str() + table.size(), ": %d changes written", &changes), 1)
      << run.output;
  EXPECT_GT(changes, 50);
  EXPECT_LE(changes, 200);
  EXPECT_LE(items(table, kKeys).size(), 20U);
}

TEST_F(LoadTest, AStopEndsItSoonAndSaysHowFarItCame) {
  const std::string table = source_.create_table("Load", kKeys);
  Process program{{DYNAMITE_PROGRAM, "load", "--table", table, "--duration", "60s", "--rate", "50"},
                  {{"AWS_ENDPOINT_URL", source_.endpoint()}}};
  while (items(table, kKeys).empty()) std::this_thread::sleep_for(20ms);
  const auto start = std::chrono::steady_clock::now();

  program.signal(SIGTERM);

  EXPECT_EQ(program.wait(), 1) << program.errors();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_THAT(program.output(), IsEmpty());
  EXPECT_THAT(program.errors(), AllOf(HasSubstr("stopped after "),
                                      HasSubstr(" writes to \"" + table + "\" (--seed ")));
}

}  // namespace
}  // namespace dynamite::test
