#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/cli/log.hpp"
#include "core/environment.hpp"
#include "core/key_schema.hpp"

namespace dynamite {

struct VerifyOptions {
  std::uint64_t items = 10;    ///< keys that the events are about
  std::uint64_t events = 150;  ///< stream records in all
  bool keep = false;           ///< leave the test table in PostgreSQL
};

struct LoadOptions {
  std::optional<KeySchema> create;                ///< make the table first, if it is not there
  std::uint64_t items = 1000;                     ///< keys that are written to
  std::uint64_t fields = 10;                      ///< attributes of an item besides its keys
  std::optional<double> rate;                     ///< writes a second; absent: as fast as it goes
  std::optional<std::chrono::milliseconds> time;  ///< --duration; absent: each item put once
};

struct CompareOptions {
  bool repair = false;
  std::optional<std::uint64_t> sample;  ///< so many items and rows; absent: all
};

struct ApplyCommandOptions {
  std::string stream_arn{};            ///< of records that do not name theirs
  bool as_recorded = false;            ///< apply the images of the files, read nothing back
  std::optional<std::uint64_t> batch;  ///< records applied together at most
  std::uint64_t connections = 1;       ///< to PostgreSQL
  bool stats = false;                  ///< read the files first, then measure
};

struct DeadLetterOptions {
  std::string action = "list";    ///< list, show, retry or discard
  std::vector<std::int64_t> ids;  ///< empty: all
  bool reveal = false;            ///< print what is in an item
};

/// What the user typed, checked as far as that needs no configuration.
struct CommandLine {
  enum class Command {
    bootstrap,
    verifydb,
    snapshot,
    replicate,
    lambda,
    apply,
    dead_letters,
    release,
    compare,
    status,
    load,
    package,
  };

  Command command = Command::bootstrap;
  std::optional<std::string> config_file;
  std::vector<std::string> settings;  ///< KEY=VALUE, before environment and file
  std::vector<std::string> tables;    ///< exact names, each once; empty: not narrowed
  LogOptions log;

  bool all = false;                   ///< snapshot, replicate, compare, dead-letters
  bool dry_run = false;               ///< bootstrap
  bool once = false;                  ///< replicate
  bool no_snapshot = false;           ///< replicate
  bool wait = false;                  ///< replicate
  bool json = false;                  ///< status
  std::optional<std::uint64_t> seed;  ///< verifydb, load
  std::vector<std::string> files;     ///< apply; "-" is standard input
  ApplyCommandOptions apply;
  DeadLetterOptions letters;
  CompareOptions compare;
  std::string output = "dynamite-lambda.zip";  ///< package
  std::string architecture = "x86_64";         ///< package
  std::optional<std::string> rds_ca;           ///< package
  VerifyOptions verify;
  LoadOptions load;
};

/// "bootstrap", as typed and as in `application_name`.
std::string_view to_string(CommandLine::Command command) noexcept;

/// The command line, or the exit status after help or version was printed. Throws Error{usage}.
/// Called as `bootstrapdb` or `verifydb` it is that command; with AWS_LAMBDA_RUNTIME_API set and no
/// command it is `lambda`.
std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                  const Environment& environment);

}  // namespace dynamite
