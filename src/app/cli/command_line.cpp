#include "app/cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <memory>

#include "app/cli/command_texts.hpp"
#include "app/config/keys.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

using Command = CommandLine::Command;

/// What was typed is wrong.
[[noreturn]] void refuse(const std::string& what, std::string hint = "run `dynamite --help`") {
  throw Error{Error::Kind::usage, what, std::move(hint)};
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views{names.begin(), names.end()};
  const auto similar = nearest(typed, views);
  return similar ? fmt::format(", did you mean \"{}\"?", *similar) : "";
}

KeyAttribute parse_key_attribute(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto type = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (colon == 0 || (type != "S" && type != "N" && type != "B")) {
    refuse(
        fmt::format("--create: \"{}\" is no key attribute, wanted NAME:S, NAME:N or NAME:B", text),
        "for example --create customer:S,placed_at:N");
  }
  return {std::string{text.substr(0, colon)}, static_cast<KeyType>(type.front())};
}

KeySchema parse_key_schema(std::string_view text) {
  const auto comma = text.find(',');
  if (comma != text.rfind(',')) {
    refuse(fmt::format("--create: \"{}\" has more than two keys, wanted one or two", text));
  }
  KeySchema schema{parse_key_attribute(text.substr(0, comma)), {}};
  if (comma != std::string_view::npos) schema.sort = parse_key_attribute(text.substr(comma + 1));
  if (schema.sort && schema.sort->name == schema.partition.name) {
    refuse(fmt::format("--create: both keys are named \"{}\"", schema.sort->name));
  }
  return schema;
}

/// CLI11's check without what it writes into the help.
template <class T>
CLI::Validator range(T min, T max) {
  return CLI::Range(min, max).description("");
}

/// The options, the texts that they fill, and how these become a CommandLine.
class Parser {
 public:
  explicit Parser(const Environment& environment) : environment_{environment} { define(); }

  CommandLine parse(std::string_view program, std::vector<std::string> arguments);
  CLI::App& app() noexcept { return app_; }

 private:
  void define();
  void define_global();
  void define_command(const CommandText& text);
  void define_load(CLI::App& load);
  void define_apply(CLI::App& apply);
  void define_compare(CLI::App& compare);
  void define_dead_letters(CLI::App& dead_letters);

  Command selected() const;
  void read_log();
  void check() const;
  [[noreturn]] void refuse_extras() const;
  std::string choice(const CLI::Option* option, const std::string& value,
                     std::string_view variable) const;

  const Environment& environment_;
  CLI::App app_{"Keeps tables in PostgreSQL equal to tables in DynamoDB.", "dynamite"};
  CommandLine line_;
  CLI::Option* log_format_ = nullptr;
  CLI::Option* log_level_ = nullptr;
  std::string log_format_text_ = "text";
  std::string log_level_text_ = "info";
  bool verbose_ = false;
  std::string create_;
  std::string duration_;
};

void Parser::define() {
  app_.get_formatter()->column_width(24);
  app_.set_help_flag("-h,--help", "Show this help");
  app_.fallthrough();
  app_.require_subcommand(0, 1);
  for (const auto& text : command_texts()) define_command(text);
  define_global();
  app_.footer(kMainFooter);
}

void Parser::define_global() {
  app_.set_version_flag("--version", "dynamite " DYNAMITE_VERSION, "Show the version");
  app_.add_option("--config", line_.config_file, "Configuration, instead of dynamite.toml")
      ->type_name("FILE");
  app_.add_option("--set", line_.settings, "One key of the configuration; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app_.add_option("--table", line_.tables, "Only this DynamoDB table; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  log_format_ = app_.add_option("--log-format", log_format_text_,
                                "text (the default) or json (the default inside Lambda)")
                    ->type_name("FORMAT");
  log_level_ =
      app_.add_option("--log-level", log_level_text_, "debug, info (the default), warn or error")
          ->type_name("LEVEL");
  app_.add_flag("-v,--verbose", verbose_, "Same as --log-level debug");
}

void Parser::define_command(const CommandText& text) {
  auto& command = *app_.add_subcommand(text.name, text.description);
  command.footer(
      fmt::format("Options for every command: dynamite --help\n\nExamples:\n{}", text.examples));
  switch (text.command) {
    case Command::bootstrap:
      command.add_flag("--dry-run", line_.dry_run, "Print the SQL, change nothing");
      break;
    case Command::verifydb:
      command.add_option("--items", line_.verify.items, "Different keys (default 10)")
          ->type_name("N")
          ->check(range(1, 1'000'000));
      command.add_option("--events", line_.verify.events, "Stream records (default 150)")
          ->type_name("N")
          ->check(range(1, 100'000'000));
      command.add_flag("--keep", line_.verify.keep, "Leave the test table in PostgreSQL");
      break;
    case Command::replicate:
      command.add_flag("--once", line_.once, "Stop when the streams are drained");
      command.add_flag("--wait", line_.wait, "With --all, wait for a table with a stream");
      command.add_flag("--no-snapshot", line_.no_snapshot, "Follow without copying first");
      [[fallthrough]];
    case Command::snapshot:
    case Command::compare:
      if (text.command == Command::compare) define_compare(command);
      command.add_flag("--all", line_.all, "Every table, where the configuration names none");
      break;
    case Command::apply:
      define_apply(command);
      break;
    case Command::dead_letters:
      define_dead_letters(command);
      break;
    case Command::status:
      command.add_flag("--json", line_.json, "One JSON object");
      break;
    case Command::load:
      define_load(command);
      break;
    case Command::package:
      command.add_option("--output", line_.output, "The zip (default dynamite-lambda.zip)")
          ->type_name("FILE");
      command
          .add_option("--architecture", line_.architecture,
                      "Of the function: x86_64 (default) or arm64")
          ->type_name("NAME");
      command
          .add_option("--rds-ca", line_.rds_ca,
                      "Certificates of RDS instances (AWS's global-bundle.pem),\n"
                      "added to this machine's public ones, which RDS Proxy needs")
          ->type_name("FILE");
      break;
    case Command::lambda:
    case Command::release:
      break;
  }
  if (text.command == Command::verifydb || text.command == Command::load) {
    command.add_option("--seed", line_.seed, "Makes a run repeatable (default: random)")
        ->type_name("N")
        ->check(range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  }
}

void Parser::define_load(CLI::App& load) {
  load.add_option("--create", create_, "Make the table first, with these keys")
      ->type_name("NAME:TYPE[,NAME:TYPE]");
  load.add_option("--items", line_.load.items, "Different keys (default 1000)")
      ->type_name("N")
      ->check(range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  load.add_option("--fields", line_.load.fields, "Attributes besides the keys (default 10)")
      ->type_name("N")
      ->check(range(0, 1000));
  load.add_option("--rate", line_.load.rate, "Writes a second (default: no limit)")
      ->type_name("N")
      ->check(range(0.01, 1e6));
  load.add_option("--duration", duration_, "Put, update and delete for so long: 30s, 5m")
      ->type_name("TIME");
}

void Parser::define_apply(CLI::App& apply) {
  apply.add_option("FILE", line_.files, "JSON or JSON lines; - is standard input")
      ->type_name("")
      ->required();
  apply.add_option("--stream-arn", line_.apply.stream_arn, "Of records without one: get-records")
      ->type_name("ARN");
  apply.add_flag("--as-recorded", line_.apply.as_recorded,
                 "Apply the images of the files, do not read the\nitems again from DynamoDB");
  apply
      .add_option("--connections", line_.apply.connections,
                  "To PostgreSQL, each for a part of the keys\n(default 1)")
      ->type_name("N")
      ->check(range(1, 64));
  apply.add_option("--batch", line_.apply.batch, "Apply at most so many records together")
      ->type_name("N")
      ->check(range(1, 100'000));
  apply.add_flag("--stats", line_.apply.stats,
                 "Read the files first, then measure until all is\ncommitted; one JSON line");
}

void Parser::define_compare(CLI::App& compare) {
  compare.add_flag("--repair", line_.compare.repair,
                   "Make rows that differ what the table has now");
  compare
      .add_option("--sample", line_.compare.sample, "Only so many items and rows, drawn at random")
      ->type_name("N")
      ->check(range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
}

void Parser::define_dead_letters(CLI::App& dead_letters) {
  dead_letters
      .add_option("ACTION", line_.letters.action, "list (the default), show, retry or discard")
      ->type_name("")
      ->check(CLI::IsMember({"list", "show", "retry", "discard"}).description(""));
  dead_letters.add_option("--id", line_.letters.ids, "Only this dead letter; repeatable")
      ->type_name("N")
      ->allow_extra_args(false);
  dead_letters.add_flag("--all", line_.all, "retry, discard: all of them");
  dead_letters.add_flag("--reveal", line_.letters.reveal, "show: also the record itself");
}

CommandLine Parser::parse(std::string_view program, std::vector<std::string> arguments) {
  if (program == "bootstrapdb") arguments.insert(arguments.begin(), "bootstrap");
  if (program == "verifydb") arguments.insert(arguments.begin(), "verifydb");
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::ExtrasError&) {
    refuse_extras();
  }
  line_.command = selected();
  read_log();
  if (!create_.empty()) line_.load.create = parse_key_schema(create_);
  if (!duration_.empty()) {
    line_.load.time = parse_duration(duration_);
    if (!line_.load.time || line_.load.time->count() == 0) {
      refuse(fmt::format("--duration is \"{}\", wanted a time such as 30s or 5m", duration_));
    }
  }
  std::vector<std::string> tables;
  for (auto& table : line_.tables) {
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
  }
  line_.tables = std::move(tables);
  check();
  return line_;
}

Command Parser::selected() const {
  const auto commands = app_.get_subcommands();
  if (commands.empty()) {
    if (environment_("AWS_LAMBDA_RUNTIME_API")) return Command::lambda;
    refuse("no command given");
  }
  const auto found = std::ranges::find_if(command_texts(), [&](const CommandText& text) {
    return text.name == commands.front()->get_name();
  });
  return found->command;
}

std::string Parser::choice(const CLI::Option* option, const std::string& value,
                           std::string_view variable) const {
  const auto given = environment_(variable);
  return option->count() == 0 && given && !given->empty() ? *given : value;
}

void Parser::read_log() {
  // What Lambda writes down is read by programs.
  if (log_format_->count() == 0 && environment_("AWS_LAMBDA_FUNCTION_NAME"))
    log_format_text_ = "json";
  const auto format = choice(log_format_, log_format_text_, "DYNAMITE_LOG_FORMAT");
  if (format != "text" && format != "json") {
    refuse(fmt::format("the log format is {}, wanted text or json", printable(format)));
  }
  line_.log.format = format == "json" ? LogOptions::Format::json : LogOptions::Format::text;

  using Level = LogOptions::Level;
  constexpr std::array<std::pair<std::string_view, Level>, 4> kLevels{{{"debug", Level::debug},
                                                                       {"info", Level::info},
                                                                       {"warn", Level::warn},
                                                                       {"error", Level::error}}};
  const auto text = choice(log_level_, log_level_text_, "DYNAMITE_LOG_LEVEL");
  const auto level = std::find_if(kLevels.begin(), kLevels.end(),
                                  [&](const auto& candidate) { return candidate.first == text; });
  if (level == kLevels.end()) {
    refuse(fmt::format("the log level is {}, wanted debug, info, warn or error", printable(text)));
  }
  line_.log.level = verbose_ ? Level::debug : level->second;
}

void Parser::check() const {
  for (const auto& table : line_.tables) {
    if (!is_table_name(table)) {
      refuse(
          fmt::format("--table: {} is no DynamoDB table's name, wanted 3 to 255 of a-z, A-Z, 0-9, "
                      "_, - and .",
                      printable(table)));
    }
  }
  if (line_.all && !line_.tables.empty() && line_.command != Command::dead_letters)
    refuse("--all and --table exclude each other");
  if (line_.architecture != "x86_64" && line_.architecture != "arm64")
    refuse(
        fmt::format("--architecture: {}, wanted x86_64 or arm64", printable(line_.architecture)));
  const bool changes_letters =
      line_.command == Command::dead_letters &&
      (line_.letters.action == "retry" || line_.letters.action == "discard");
  if (changes_letters && !line_.all && line_.letters.ids.empty())
    refuse(fmt::format("{} which dead letters?", line_.letters.action), "add --id N, or --all");
  if (line_.command == Command::load && line_.tables.size() != 1) {
    refuse(fmt::format("load writes into one table, but {} are named", line_.tables.size()),
           "add --table NAME");
  }
  if (line_.command == Command::verifydb && !line_.tables.empty()) {
    refuse("verifydb makes a table of its own, it takes no --table");
  }
}

void Parser::refuse_extras() const {
  const auto commands = app_.get_subcommands();
  const auto extras = app_.remaining(true);
  const std::string& extra = extras.front();
  const auto* command = commands.empty() ? nullptr : commands.front();
  if (!extra.starts_with('-')) {
    if (command != nullptr)
      refuse(fmt::format("{} takes no {}", command->get_name(), printable(extra)));
    std::vector<std::string> names;
    for (const auto& text : command_texts()) names.emplace_back(text.name);
    refuse(fmt::format("no command is named {}{}", printable(extra), did_you_mean(extra, names)));
  }
  std::vector<std::string> names;
  for (const auto* app :
       {static_cast<const CLI::App*>(&app_), static_cast<const CLI::App*>(command)}) {
    if (app == nullptr) continue;
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  refuse(fmt::format("no option is named {}{}", printable(extra.substr(0, extra.find('='))),
                     did_you_mean(extra, names)));
}

std::string with_small_initial(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::string_view to_string(CommandLine::Command command) noexcept {
  for (const auto& text : command_texts()) {
    if (text.command == command) return text.name;
  }
  return "unknown";
}

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                  const Environment& environment) {
  Parser parser{environment};
  const std::vector<std::string> arguments{argv + std::min(argc, 1), argv + argc};
  const auto program = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : "";
  try {
    return parser.parse(program, arguments);
  } catch (const CLI::ParseError& error) {  // how CLI11 says "help was asked for", too
    if (error.get_exit_code() == 0) return parser.app().exit(error);
    refuse(with_small_initial(error.what()));
  }
}

}  // namespace dynamite
