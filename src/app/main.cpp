#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "app/cli/command_line.hpp"
#include "app/cli/log.hpp"
#include "app/commands/commands.hpp"
#include "app/config/config.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"

namespace dynamite {
namespace {

using Command = CommandLine::Command;

/// Turns SIGINT, SIGTERM and SIGHUP into a stop; a second one ends the process at once. Must be
/// made before any other thread, which inherits the blocked signals.
class Signals {
 public:
  Signals() {
    std::signal(SIGPIPE,
                SIG_IGN);  // a closed connection or pipe is an error of the call that writes
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    // The terminal, or the connection behind it, is gone; unless nohup started us.
    struct sigaction of_hangup {};
    sigaction(SIGHUP, nullptr, &of_hangup);
    if (of_hangup.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    waiter_ = std::thread{[this] { wait(); }};
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  ~Signals() {
    done_ = true;
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): blocked, it only wakes the waiter.
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
  }

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void wait() {
    while (true) {
      int signal = 0;
      sigwait(&set_, &signal);
      if (done_) return;
      if (!stop_.request_stop()) _exit(128 + signal);
    }
  }

  sigset_t set_{};
  std::stop_source stop_;
  std::atomic<bool> done_ = false;
  std::thread waiter_;
};

std::optional<std::string> read_environment(std::string_view name) {
  const char* value = std::getenv(std::string{name}.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

Config load_config_for(const CommandLine& line, const Environment& environment) {
  ConfigSources sources;
  sources.file = line.config_file;
  sources.settings = line.settings;
  sources.tables = line.tables;
  sources.environment = environment;
  sources.directories = {"", program_directory()};
  sources.needs_database = line.command != Command::load && line.command != Command::package;
  const bool only_letters = line.command == Command::dead_letters && line.letters.action != "retry";
  sources.needs_region = !only_letters && line.command != Command::verifydb &&
                         line.command != Command::release && line.command != Command::status &&
                         line.command != Command::package;
  sources.tables_need_rules = line.command != Command::load;
  return load_config(sources);
}

int run(const Context& context) {
  switch (context.line.command) {
    case Command::bootstrap:
      return run_bootstrap(context);
    case Command::verifydb:
      return run_verifydb(context);
    case Command::snapshot:
      return run_snapshot(context);
    case Command::replicate:
      return run_replicate(context);
    case Command::lambda:
      return run_lambda(context);
    case Command::apply:
      return run_apply(context);
    case Command::dead_letters:
      return run_dead_letters(context);
    case Command::release:
      return run_release(context);
    case Command::compare:
      return run_compare(context);
    case Command::status:
      return run_status(context);
    case Command::load:
      return run_load(context);
    case Command::package:
      return run_package(context);
  }
  throw Error{Error::Kind::bug, "command without a function"};
}

/// Threads hand large buffers on to each other; with an arena for each of them, glibc's malloc
/// keeps for one thread what another has need of, and takes twice the memory.
void share_one_arena() { mallopt(M_ARENA_MAX, 1); }

/// `status`, once standard output has taken all.
int written(int status) {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)
    throw Error{Error::Kind::transient, "cannot write all results to standard output"};
  return status;
}

int run(int argc, char** argv) {
  const Environment environment{read_environment};
  const auto parsed = parse_command_line(argc, argv, environment);
  if (const auto* status = std::get_if<int>(&parsed)) return written(*status);
  const auto& line = std::get<CommandLine>(parsed);
  set_up_logging(line.log);
  const Config config = load_config_for(line, environment);
  for (const std::string& remark : config.remarks) spdlog::warn("{}", remark);

  const Signals signals;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return written(run(Context{line, config, environment, signals.token()}));
}

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

/// A socket or a file must not get the number of a standard stream that is closed: what is printed
/// would go into it. Writing to what stands there instead fails.
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    while (fcntl(stream, F_GETFD) == -1)
      if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) _exit(kExitFailed);
}

}  // namespace
}  // namespace dynamite

int main(int argc, char** argv) {
  using dynamite::Error;
  dynamite::occupy_standard_streams();
  dynamite::share_one_arena();
  try {
    return dynamite::run(argc, argv);
  } catch (const Error& error) {
    dynamite::print_error(error.what(), error.hint());
    return error.kind() == Error::Kind::usage ? dynamite::kExitUsage : dynamite::kExitFailed;
  } catch (const std::system_error& error) {
    dynamite::print_error(fmt::format("the system refused a call: {}", error.what()), "");
    return dynamite::kExitFailed;
  } catch (const std::exception& error) {
    dynamite::print_error(
        fmt::format("unexpected failure, which is a bug of ours: {}", error.what()),
        "please report it with the command line and the log");
    return dynamite::kExitFailed;
  }
}
