#include "app/cli/standard_streams.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include "app/cli/command.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"

namespace dynamite {
namespace {

/// Lists of our own have lines that begin with two blanks; every other line break is a server's.
std::string visible_lines(std::string_view text) {
  constexpr std::string_view kNextOfList = "\n  ";
  std::string lines;
  for (auto end = text.find(kNextOfList); end != std::string_view::npos;
       end = text.find(kNextOfList)) {
    lines += visible(text.substr(0, end)) + std::string{kNextOfList};
    text.remove_prefix(end + kNextOfList.size());
  }
  return lines + visible(text);
}

// What standard error does not take is lost; the exit status still says how it went.
void print_error(std::string_view message, std::string_view hint) {
  const bool colour = isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  std::string text = fmt::format("{}dynamite:{} {}\n", colour ? "\033[1;31m" : "",
                                 colour ? "\033[0m" : "", visible_lines(message));
  if (!hint.empty()) text += fmt::format("hint: {}\n", visible_lines(hint));
  std::fputs(text.c_str(), stderr);
}

}  // namespace

void occupy_standard_streams() {
  // Each is opened the wrong way round, so that a use of the closed stream fails.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    while (fcntl(stream, F_GETFD) == -1)
      if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) _exit(kExitFailed);
}

void flush_standard_output() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)
    throw Error{Error::Kind::transient, "cannot write all results to standard output"};
}

int print_failure(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) {
    print_error(error->what(), error->hint());
    return error->kind() == Error::Kind::usage ? kExitUsage : kExitFailed;
  }
  if (dynamic_cast<const std::system_error*>(&failure) != nullptr)
    print_error(fmt::format("the system refused a call: {}", failure.what()), "");
  else
    print_error(fmt::format("unexpected failure, which is a bug of ours: {}", failure.what()),
                "please report it with the command line and the log");
  return kExitFailed;
}

}  // namespace dynamite
