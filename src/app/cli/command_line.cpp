#include "app/cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "app/cli/option_checks.hpp"
#include "app/config/names.hpp"
#include "app/config/value.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views{names.begin(), names.end()};
  const auto similar = nearest(typed, views);
  return similar ? fmt::format(", did you mean \"{}\"?", *similar) : "";
}

constexpr const char* kFooter =
    "Configuration: dynamite.toml (or config.py) in the current directory or beside\n"
    "the program, with at least\n"
    "  url = \"postgresql://user:password@host:5432/database\"\n"
    "  region = \"us-west-2\"\n"
    "Every key is also an environment variable: DYNAMITE_URL, DYNAMITE_REGION, ...\n"
    "\n"
    "Examples:\n"
    "  dynamite bootstrap                   create the replica tables\n"
    "  dynamite replicate --table Orders    copy Orders, then follow its stream\n"
    "  dynamite compare --table Orders      is the replica equal?\n"
    "\n"
    "Exit status: 0 done, 1 failed or stopped before its end, 2 wrong usage or\n"
    "configuration, 3 replica differs or is unhealthy, or records were lost.\n"
    "lambda, and replicate without --once, exit with 0 when they are stopped.";

/// The options, the texts that they fill, and how these become a CommandLine.
class Parser {
 public:
  Parser(const Environment& environment, std::span<const Command> commands)
      : environment_{environment}, commands_{commands} {
    define();
  }

  CommandLine parse(std::string_view program, std::vector<std::string> arguments);
  CLI::App& app() noexcept { return app_; }

 private:
  void define();
  void define_global();
  void define_command(const Command& command);

  const CLI::App* typed_command() const;
  const Command& command_named(std::string_view name) const;
  const Command& selected() const;
  void read_log();
  void keep_each_table_once();
  void check_table_names() const;
  [[noreturn]] void refuse_extras() const;
  std::string choice(const CLI::Option* option, const std::string& value,
                     std::string_view variable) const;

  const Environment& environment_;
  const std::span<const Command> commands_;
  CLI::App app_{"Keeps tables in PostgreSQL equal to tables in DynamoDB.", "dynamite"};
  CommandLine line_;
  CLI::Option* log_format_ = nullptr;
  CLI::Option* log_level_ = nullptr;
  std::string log_format_text_ = "text";
  std::string log_level_text_ = "info";
  bool verbose_ = false;
};

void Parser::define() {
  app_.get_formatter()->column_width(24);
  app_.set_help_flag("-h,--help", "Show this help");
  app_.fallthrough();
  app_.require_subcommand(0, 1);
  for (const Command& command : commands_) define_command(command);
  define_global();
  app_.footer(kFooter);
}

void Parser::define_command(const Command& command) {
  CLI::App& app = *app_.add_subcommand(command.name, command.description);
  app.footer(
      fmt::format("Options for every command: dynamite --help\n\nExamples:\n{}", command.examples));
  if (command.define != nullptr) command.define(app, line_);
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

CommandLine Parser::parse(std::string_view program, std::vector<std::string> arguments) {
  if (program == "bootstrapdb") arguments.insert(arguments.begin(), "bootstrap");
  if (program == "verifydb") arguments.insert(arguments.begin(), "verifydb");
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::ExtrasError&) {
    refuse_extras();
  }
  line_.command = &selected();
  line_.needs = line_.command->needs;
  read_log();
  keep_each_table_once();
  check_table_names();
  if (line_.command->check != nullptr)
    line_.command->check(*app_.get_subcommand(line_.command->name), line_);
  return line_;
}

const CLI::App* Parser::typed_command() const {
  const auto typed = app_.get_subcommands();
  return typed.empty() ? nullptr : typed.front();
}

const Command& Parser::command_named(std::string_view name) const {
  const auto found = std::ranges::find(commands_, name, &Command::name);
  if (found == commands_.end())
    throw Error{Error::Kind::bug, fmt::format("no command is named {}", name)};
  return *found;
}

const Command& Parser::selected() const {
  if (const CLI::App* typed = typed_command()) return command_named(typed->get_name());
  if (!environment_("AWS_LAMBDA_RUNTIME_API")) refuse("no command given");
  return command_named("lambda");
}

void Parser::keep_each_table_once() {
  std::vector<std::string> tables;
  for (std::string& table : line_.tables)
    if (std::ranges::find(tables, table) == tables.end()) tables.push_back(std::move(table));
  line_.tables = std::move(tables);
}

void Parser::check_table_names() const {
  for (const std::string& table : line_.tables)
    if (!is_table_name(table))
      refuse(
          fmt::format("--table: {} is no DynamoDB table's name, wanted 3 to 255 of a-z, A-Z, 0-9, "
                      "_, - and .",
                      printable(table)));
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
  if (format != "text" && format != "json")
    refuse(fmt::format("the log format is {}, wanted text or json", printable(format)));
  line_.log.format = format == "json" ? LogOptions::Format::json : LogOptions::Format::text;

  using Level = LogOptions::Level;
  constexpr std::array<std::pair<std::string_view, Level>, 4> kLevels{{{"debug", Level::debug},
                                                                       {"info", Level::info},
                                                                       {"warn", Level::warn},
                                                                       {"error", Level::error}}};
  const auto text = choice(log_level_, log_level_text_, "DYNAMITE_LOG_LEVEL");
  const auto level =
      std::ranges::find(kLevels, text, [](const auto& candidate) { return candidate.first; });
  if (level == kLevels.end())
    refuse(fmt::format("the log level is {}, wanted debug, info, warn or error", printable(text)));
  line_.log.level = verbose_ ? Level::debug : level->second;
}

void Parser::refuse_extras() const {
  const auto extras = app_.remaining(true);
  const std::string& extra = extras.front();
  const CLI::App* command = typed_command();
  std::vector<std::string> names;
  if (!extra.starts_with('-')) {
    if (command != nullptr)
      refuse(fmt::format("{} takes no {}", command->get_name(), printable(extra)));
    for (const Command& known : commands_) names.emplace_back(known.name);
    refuse(fmt::format("no command is named {}{}", printable(extra), did_you_mean(extra, names)));
  }
  for (const CLI::App* app : {static_cast<const CLI::App*>(&app_), command}) {
    if (app == nullptr) continue;
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  refuse(fmt::format("no option is named {}{}", printable(extra.substr(0, extra.find('='))),
                     did_you_mean(extra, names)));
}

std::string with_small_initial(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                  const Environment& environment,
                                                  std::span<const Command> commands) {
  Parser parser{environment, commands};
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
