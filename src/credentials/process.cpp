#include "credentials/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "core/sleep.hpp"

namespace dynamite {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kOutputBytesMax = 64U << 10U;

/// One end of a pipe.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() { close_now(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }
  void close_now() noexcept {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

/// Ended at the latest when it goes out of scope, with all that it started.
class Child {
 public:
  Child(const std::vector<std::string>& words, int output);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The status of waitpid; absent: it still runs.
  std::optional<int> status() noexcept;

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

Child::Child(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  // Threads of ours may have blocked the signals that are to end it.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  const int failure =
      posix_spawnp(&pid_, arguments.front(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    throw Error{Error::Kind::usage,
                fmt::format("credential_process \"{}\" cannot be started: {}", words.front(),
                            std::generic_category().message(failure))};
}

Child::~Child() {
  if (status()) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::optional<int> Child::status() noexcept {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

[[noreturn]] void fail(const std::string& program, const std::string& what) {
  throw Error{Error::Kind::usage, fmt::format("credential_process \"{}\" {}", program, what)};
}

/// Waits for bytes of `from`. False: the time is up.
bool wait_readable(int from, steady_clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd event{.fd = from, .events = POLLIN, .revents = 0};
    const int ready = poll(&event, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "poll"};
  }
}

std::string too_long(milliseconds limit) {
  return fmt::format("did not end within {} ms", limit.count());
}

}  // namespace

std::vector<std::string> split_command_line(std::string_view line) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // "" is one
  char quote = '\0';
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool last = at + 1 == line.size();
    const bool blank = c == ' ' || c == '\t';
    if (quote == '\0' && blank) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (c == '\\' && !last &&
               (quote == '\0' || (quote == '"' && (line[at + 1] == '"' || line[at + 1] == '\\')))) {
      *word += line[++at];
    } else {
      *word += c;
    }
  }
  if (quote != '\0')
    throw Error{Error::Kind::usage,
                fmt::format("credential_process has a {} without its end", quote)};
  if (word) words.push_back(*word);
  return words;
}

std::string output_of(const std::vector<std::string>& words, milliseconds limit) {
  const auto end = steady_clock::now() + limit;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error{errno, std::generic_category(), "pipe2"};
  const Descriptor ours{ends[0]};
  Descriptor theirs{ends[1]};
  Child child{words, theirs.number()};
  theirs.close_now();

  std::string output;
  std::array<char, 4096> buffer;
  for (;;) {
    if (!wait_readable(ours.number(), end)) fail(words.front(), too_long(limit));
    const ssize_t count = read(ours.number(), buffer.data(), buffer.size());
    if (count < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "read"};
    if (count == 0) break;
    if (count > 0) output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > kOutputBytesMax)
      fail(words.front(), fmt::format("wrote more than {} bytes", kOutputBytesMax));
  }
  while (!child.status()) {
    if (steady_clock::now() >= end) fail(words.front(), too_long(limit));
    sleep_for(milliseconds{2}, {});
  }
  const int status = *child.status();
  if (!WIFEXITED(status))
    fail(words.front(), fmt::format("was ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    fail(words.front(), fmt::format("ended with status {}, wanted 0", WEXITSTATUS(status)));
  return output;
}

}  // namespace dynamite
