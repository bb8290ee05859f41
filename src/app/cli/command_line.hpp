#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "app/cli/command.hpp"
#include "app/cli/log.hpp"
#include "core/environment.hpp"
#include "core/key_schema.hpp"

namespace dynamite {

struct BootstrapOptions {
  bool dry_run = false;
  bool drop_columns = false;  ///< those that stand for nothing any more
  bool drop_targets = false;  ///< lets those go that are not configured any more
};

struct VerifyOptions {
  std::uint64_t items = 10;           ///< keys that the events are about
  std::uint64_t events = 150;         ///< stream records in all
  std::optional<std::uint64_t> seed;  ///< absent: a random one
  bool keep = false;                  ///< leave the test table in PostgreSQL
};

struct SnapshotOptions {
  bool all = false;  ///< every table, where none is named
};

struct ReplicateOptions {
  bool all = false;  ///< every table with a stream, where none is named
  bool once = false;
  bool wait = false;
  bool no_snapshot = false;
};

struct ApplyCommandOptions {
  std::vector<std::string> files;      ///< "-" is standard input
  std::string stream_arn{};            ///< of records that do not name theirs
  bool as_recorded = false;            ///< apply the images of the files, read nothing back
  std::optional<std::uint64_t> batch;  ///< records applied together at most
  std::uint64_t connections = 1;       ///< to PostgreSQL
  bool stats = false;                  ///< read the files first, then measure
};

struct DeadLetterOptions {
  enum class Action { list, show, retry, discard };

  Action action = Action::list;
  std::vector<std::int64_t> ids;  ///< empty: all
  bool all = false;               ///< retry, discard: said, so that no `ids` are meant
  bool reveal = false;            ///< print what is in an item
};

struct CompareOptions {
  bool all = false;  ///< every table, where none is named
  bool repair = false;
  std::optional<std::uint64_t> sample;  ///< so many items and rows; absent: all
};

struct StatusOptions {
  bool json = false;
};

struct SuggestOptions {
  std::uint64_t sample = 10'000;  ///< items to look at, at most
};

struct LoadOptions {
  std::optional<KeySchema> create;                ///< make the table first, if it is not there
  std::uint64_t items = 1000;                     ///< keys that are written to
  std::uint64_t fields = 10;                      ///< attributes of an item besides its keys
  std::optional<double> rate;                     ///< writes a second; absent: as fast as it goes
  std::optional<std::chrono::milliseconds> time;  ///< --duration; absent: each item put once
  std::optional<std::uint64_t> seed;              ///< absent: a random one
};

struct PackageOptions {
  std::string output = "dynamite-lambda.zip";
  std::string architecture = "x86_64";
  std::optional<std::string> rds_ca;
};

/// What the user typed, checked as far as that needs no configuration.
struct CommandLine {
  const Command* command = nullptr;
  ConfigNeeds needs;  ///< the command's, less what its options make unnecessary
  std::optional<std::string> config_file;
  std::vector<std::string> settings;  ///< KEY=VALUE, before environment and file
  std::vector<std::string> tables;    ///< exact names, each once; empty: not narrowed
  LogOptions log;

  BootstrapOptions bootstrap;
  VerifyOptions verify;
  SnapshotOptions snapshot;
  ReplicateOptions replicate;
  ApplyCommandOptions apply;
  DeadLetterOptions letters;
  CompareOptions compare;
  StatusOptions status;
  SuggestOptions suggest;
  LoadOptions load;
  PackageOptions package;
};

/// The command line, or the exit status after help or version was printed. Throws Error{usage}.
/// Called as `bootstrapdb` or `verifydb` it is that command; with AWS_LAMBDA_RUNTIME_API set and no
/// command it is `lambda`. `commands`, in the order of the help, outlive the result.
std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv,
                                                  const Environment& environment,
                                                  std::span<const Command> commands);

}  // namespace dynamite
