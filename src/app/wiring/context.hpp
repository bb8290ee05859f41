#pragma once

#include <stop_token>

#include "app/cli/command_line.hpp"
#include "app/config/config.hpp"

namespace dynamite {

/// What every command is given. All outlive it.
struct Context {
  const CommandLine& line;
  const Config& config;
  const Environment& environment;  ///< for credentials and the Lambda runtime only
  std::stop_token stop;            ///< SIGINT, SIGTERM or SIGHUP came: end cleanly within 5 s
};

}  // namespace dynamite
