#pragma once

#include "app/config/config.hpp"
#include "core/error.hpp"

namespace CLI {
class App;
}

namespace dynamite {

struct CommandLine;
struct Context;  // of app/wiring: it has the command line and the configuration

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitDiffers = 3;  ///< compare: not equal; status: unhealthy; apply: lost

/// All that the program knows of one command. The table of them is in app/commands.
struct Command {
  const char* name;         ///< as typed, and in `application_name`
  const char* description;  ///< for the help
  const char* examples;     ///< for its own help
  ConfigNeeds needs{};
  /// Adds its options to `app`; they write into `line`. Null: it has none.
  void (*define)(CLI::App& app, CommandLine& line) = nullptr;
  /// Looks at what was typed, once all is parsed: reads what `define` left as text in `app`, and
  /// throws Error{usage} if options do not fit together. Null: there is nothing to look at.
  void (*check)(const CLI::App& app, CommandLine& line) = nullptr;
  /// Tells whoever started the program why the command cannot run: its configuration is wrong, or a
  /// secret cannot be read. The program ends with that error. Null: the error's text suffices.
  void (*report_failed_start)(const Environment& environment, const Error& error) = nullptr;
  /// Returns the exit status; results go to standard output. Throws Error.
  int (*run)(const Context& context) = nullptr;
};

}  // namespace dynamite
