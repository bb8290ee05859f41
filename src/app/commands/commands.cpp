#include "app/commands/commands.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "app/cli/command_line.hpp"
#include "app/cli/option_checks.hpp"
#include "app/config/value.hpp"

namespace dynamite {

// Each is in the file of its name; see Command::run.
int run_bootstrap(const Context& context);
int run_verifydb(const Context& context);
int run_snapshot(const Context& context);
int run_replicate(const Context& context);
int run_lambda(const Context& context);
void report_failed_start_of_lambda(const Environment& environment, const Error& error);
int run_apply(const Context& context);
int run_dead_letters(const Context& context);
int run_release(const Context& context);
int run_compare(const Context& context);
int run_status(const Context& context);
int run_suggest(const Context& context);
int run_load(const Context& context);
int run_package(const Context& context);

namespace {

/// CLI11's check without what it writes into the help.
template <class T>
CLI::Validator range(T min, T max) {
  return CLI::Range(min, max).description("");
}

constexpr auto kSeedMax = std::numeric_limits<std::int64_t>::max();

void add_seed(CLI::App& app, std::optional<std::uint64_t>& seed) {
  app.add_option("--seed", seed, "Makes a run repeatable (default: random)")
      ->type_name("N")
      ->check(range(std::int64_t{0}, kSeedMax));
}

void add_all(CLI::App& app, bool& all) {
  app.add_flag("--all", all, "Every table, where the configuration names none");
}

void define_bootstrap(CLI::App& app, CommandLine& line) {
  app.add_flag("--dry-run", line.bootstrap.dry_run, "Print the SQL, change nothing");
  app.add_flag("--drop-columns", line.bootstrap.drop_columns,
               "Drop columns that stand for no attribute any more");
  app.add_flag("--drop-targets", line.bootstrap.drop_targets,
               "Let targets go that are not configured any more; their tables stay");
}

void define_verifydb(CLI::App& app, CommandLine& line) {
  app.add_option("--items", line.verify.items, "Different keys (default 10)")
      ->type_name("N")
      ->check(range(1, 1'000'000));
  app.add_option("--events", line.verify.events, "Stream records (default 150)")
      ->type_name("N")
      ->check(range(1, 100'000'000));
  app.add_flag("--keep", line.verify.keep, "Leave the test table in PostgreSQL");
  add_seed(app, line.verify.seed);
}

void check_verifydb(const CLI::App& /*app*/, CommandLine& line) {
  if (!line.tables.empty()) refuse("verifydb makes a table of its own, it takes no --table");
}

void define_snapshot(CLI::App& app, CommandLine& line) { add_all(app, line.snapshot.all); }

void check_snapshot(const CLI::App& /*app*/, CommandLine& line) {
  refuse_all_with_tables(line.snapshot.all, line.tables);
}

void define_replicate(CLI::App& app, CommandLine& line) {
  app.add_flag("--once", line.replicate.once, "Stop when the streams are drained");
  app.add_flag("--wait", line.replicate.wait, "With --all, wait for a table with a stream");
  app.add_flag("--no-snapshot", line.replicate.no_snapshot, "Follow without copying first");
  add_all(app, line.replicate.all);
}

void check_replicate(const CLI::App& /*app*/, CommandLine& line) {
  refuse_all_with_tables(line.replicate.all, line.tables);
}

void define_apply(CLI::App& app, CommandLine& line) {
  app.add_option("FILE", line.apply.files, "JSON or JSON lines; - is standard input")
      ->type_name("")
      ->required();
  app.add_option("--stream-arn", line.apply.stream_arn, "Of records without one: get-records")
      ->type_name("ARN");
  app.add_flag("--as-recorded", line.apply.as_recorded,
               "Apply the images of the files, do not read the\nitems again from DynamoDB");
  app.add_option("--connections", line.apply.connections,
                 "To PostgreSQL, each for a part of the keys\n(default 1)")
      ->type_name("N")
      ->check(range(1, 64));
  app.add_option("--batch", line.apply.batch, "Apply at most so many records together")
      ->type_name("N")
      ->check(range(1, 100'000));
  app.add_flag("--stats", line.apply.stats,
               "Read the files first, then measure until all is\ncommitted; one JSON line");
}

using Action = DeadLetterOptions::Action;

constexpr std::array<std::pair<const char*, Action>, 4> kActions{{{"list", Action::list},
                                                                  {"show", Action::show},
                                                                  {"retry", Action::retry},
                                                                  {"discard", Action::discard}}};

void define_dead_letters(CLI::App& app, CommandLine& line) {
  std::vector<std::string> names;
  for (const auto& [name, action] : kActions) names.emplace_back(name);
  const auto choose = [&letters = line.letters](const std::string& text) {
    letters.action = std::ranges::find(kActions, text, [](const auto& known) {
                       return std::string{known.first};
                     })->second;
  };
  app.add_option_function<std::string>("ACTION", choose,
                                       "list (the default), show, retry or discard")
      ->type_name("")
      ->check(CLI::IsMember(names).description(""));
  app.add_option("--id", line.letters.ids, "Only this dead letter; repeatable")
      ->type_name("N")
      ->allow_extra_args(false);
  app.add_flag("--all", line.letters.all, "retry, discard: all of them");
  app.add_flag("--reveal", line.letters.reveal, "show: also the record itself");
}

void check_dead_letters(const CLI::App& app, CommandLine& line) {
  const DeadLetterOptions& letters = line.letters;
  const bool changes = letters.action == Action::retry || letters.action == Action::discard;
  if (changes && !letters.all && letters.ids.empty())
    refuse(fmt::format("{} which dead letters?", app["ACTION"]->as<std::string>()),
           "add --id N, or --all");
  line.needs.region = letters.action == Action::retry;
}

void define_compare(CLI::App& app, CommandLine& line) {
  app.add_flag("--repair", line.compare.repair, "Make rows that differ what the table has now");
  app.add_option("--sample", line.compare.sample, "Only so many items and rows, drawn at random")
      ->type_name("N")
      ->check(range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  add_all(app, line.compare.all);
}

void check_compare(const CLI::App& /*app*/, CommandLine& line) {
  refuse_all_with_tables(line.compare.all, line.tables);
}

void define_status(CLI::App& app, CommandLine& line) {
  app.add_flag("--json", line.status.json, "One JSON object");
}

void require_one_table(std::string_view does, const CommandLine& line) {
  if (line.tables.size() != 1)
    refuse(fmt::format("{} one table, but {} are named", does, line.tables.size()),
           "add --table NAME");
}

void define_suggest(CLI::App& app, CommandLine& line) {
  app.add_option("--sample", line.suggest.sample, "Look at so many items (default 10000)")
      ->type_name("N")
      ->check(range(1, 1'000'000));
}

void check_suggest(const CLI::App& /*app*/, CommandLine& line) {
  require_one_table("suggest looks at", line);
}

void define_load(CLI::App& app, CommandLine& line) {
  app.add_option("--create", "Make the table first, with these keys")
      ->type_name("NAME:TYPE[,NAME:TYPE]");
  app.add_option("--items", line.load.items, "Different keys (default 1000)")
      ->type_name("N")
      ->check(range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  app.add_option("--fields", line.load.fields, "Attributes besides the keys (default 10)")
      ->type_name("N")
      ->check(range(0, 1000));
  app.add_option("--rate", line.load.rate, "Writes a second (default: no limit)")
      ->type_name("N")
      ->check(range(0.01, 1e6));
  app.add_option("--duration", "Put, update and delete for so long: 30s, 5m")->type_name("TIME");
  add_seed(app, line.load.seed);
}

/// What was typed behind `option`; empty if it was not.
std::string typed(const CLI::App& app, const char* option) {
  const auto& values = app[option]->results();
  return values.empty() ? "" : values.front();
}

void check_load(const CLI::App& app, CommandLine& line) {
  if (const std::string keys = typed(app, "--create"); !keys.empty())
    line.load.create = parse_key_schema(keys);
  if (const std::string time = typed(app, "--duration"); !time.empty()) {
    line.load.time = parse_duration(time);
    if (!line.load.time || line.load.time->count() == 0)
      refuse(fmt::format("--duration is \"{}\", wanted a time such as 30s or 5m", time));
  }
  require_one_table("load writes into", line);
}

void define_package(CLI::App& app, CommandLine& line) {
  app.add_option("--output", line.package.output, "The zip (default dynamite-lambda.zip)")
      ->type_name("FILE");
  app.add_option("--architecture", line.package.architecture,
                 "Of the function: x86_64 (default) or arm64")
      ->type_name("NAME");
  app.add_option("--rds-ca", line.package.rds_ca,
                 "Certificates of RDS instances (AWS's global-bundle.pem),\n"
                 "added to this machine's public ones, which RDS Proxy needs")
      ->type_name("FILE");
}

void check_package(const CLI::App& /*app*/, CommandLine& line) {
  const std::string& architecture = line.package.architecture;
  if (architecture != "x86_64" && architecture != "arm64")
    refuse(fmt::format("--architecture: {}, wanted x86_64 or arm64", printable(architecture)));
}

constexpr std::array kCommands{
    Command{.name = "bootstrap",
            .description = "Create the replica tables and the state schema.\nSafe to repeat.",
            .examples =
                "  dynamite bootstrap                   every table of the region, or of the file\n"
                "  dynamite bootstrap --dry-run | psql  let somebody else run the SQL",
            .define = define_bootstrap,
            .run = run_bootstrap},
    Command{.name = "verifydb",
            .description = "Feed random stream records through the Lambda handler\n"
                           "into a test table and check it against a model.",
            .examples = "  dynamite verifydb --items 10 --events 150",
            .needs = {.region = false},
            .define = define_verifydb,
            .check = check_verifydb,
            .run = run_verifydb},
    Command{.name = "snapshot",
            .description = "Copy each table once by parallel Scan.\nResumes an unfinished pass.",
            .examples = "  dynamite snapshot --table Orders\n"
                        "  dynamite snapshot --all --set segments=16 --set max_read_units=500",
            .define = define_snapshot,
            .check = check_snapshot,
            .run = run_snapshot},
    Command{.name = "replicate",
            .description = "Create the tables, copy them, and follow their\nstreams until stopped.",
            .examples = "  dynamite replicate --table Orders --table Customers\n"
                        "  dynamite replicate --all --once      stop when drained",
            .define = define_replicate,
            .check = check_replicate,
            .run = run_replicate},
    Command{.name = "lambda",
            .description = "Serve the AWS Lambda Runtime API.\nThe default inside Lambda.",
            .examples = "  AWS_LAMBDA_RUNTIME_API=localhost:9001 dynamite lambda",
            .report_failed_start = report_failed_start_of_lambda,
            .run = run_lambda},
    Command{.name = "apply",
            .description = "Apply recorded Lambda events, stream records, arrays of\n"
                           "them, or objects of an on-failure destination: JSON or\n"
                           "JSON lines, gzip or not. What is something else is named\n"
                           "by its place and passed over. Exit status 3 if something\n"
                           "was, or if records were gone from their stream.",
            .examples = "  dynamite apply event.json records.jsonl.gz\n"
                        "  aws dynamodbstreams get-records --shard-iterator I |\n"
                        "    dynamite apply --stream-arn ARN -\n"
                        "  aws sqs receive-message --queue-url URL | dynamite apply -",
            .define = define_apply,
            .run = run_apply},
    Command{.name = "dead-letters",
            .description = "List the records that could not be applied, show one,\n"
                           "retry or discard them. A retry reads the item again.",
            .examples = "  dynamite dead-letters\n"
                        "  dynamite dead-letters show --id 7 --reveal\n"
                        "  dynamite dead-letters retry --all --table Orders",
            .define = define_dead_letters,
            .check = check_dead_letters,
            .run = run_dead_letters},
    Command{.name = "release",
            .description = "Give tables that a dead daemon followed back to Lambda.",
            .examples = "  dynamite release --table Orders",
            .needs = {.region = false},
            .run = run_release},
    Command{
        .name = "compare",
        .description = "Compare source and replica item by item.\nExit status 3 if they differ.",
        .examples = "  dynamite compare --table Orders\n"
                    "  dynamite compare --table Orders --repair   also while it is followed\n"
                    "  dynamite compare --all --sample 10000",
        .define = define_compare,
        .check = check_compare,
        .run = run_compare},
    Command{.name = "status",
            .description = "Show state, lag, gaps and dead letters.\nExit status 3 if unhealthy.",
            .examples = "  dynamite status --json | jq .",
            .needs = {.region = false},
            .define = define_status,
            .run = run_status},
    Command{.name = "suggest",
            .description = "Look at some items of a table and print a [[table]] for\n"
                           "it: a target for each kind of a single-table design.",
            .examples = "  dynamite suggest --table shop >>dynamite.toml",
            .needs = {.database = false, .table_rules = false},
            .define = define_suggest,
            .check = check_suggest,
            .run = run_suggest},
    Command{.name = "load",
            .description = "Write random items of every type into a DynamoDB table.",
            .examples =
                "  dynamite load --table Orders --create customer:S,placed_at:N --items 5000\n"
                "  dynamite load --table Orders --rate 200 --duration 30s --seed 7",
            .needs = {.database = false, .table_rules = false},
            .define = define_load,
            .check = check_load,
            .run = run_load},
    Command{.name = "package",
            .description = "Write the zip of an AWS Lambda function: the program,\n"
                           "certificates, and the file that --config names.",
            .examples = "  dynamite package --config dynamite.toml --rds-ca global-bundle.pem",
            .needs = {.database = false, .region = false},
            .define = define_package,
            .check = check_package,
            .run = run_package},
};

}  // namespace

std::span<const Command> commands() noexcept { return kCommands; }

}  // namespace dynamite
