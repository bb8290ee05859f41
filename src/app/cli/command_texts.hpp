#pragma once

#include <span>

#include "app/cli/command_line.hpp"

namespace dynamite {

/// What the help says of a command.
struct CommandText {
  CommandLine::Command command;
  const char* name;
  const char* description;
  const char* examples;
};

/// In the order of the help.
std::span<const CommandText> command_texts() noexcept;

inline constexpr const char* kMainFooter =
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

}  // namespace dynamite
