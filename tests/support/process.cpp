#include "support/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace dynamite::test {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void redirect(const std::string& path, int descriptor) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(file, descriptor);
  close(file);
}

}  // namespace

Process::Process(std::vector<std::string> arguments,
                 std::map<std::string, std::string> environment) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dynamite-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error{"cannot make a temporary folder"};
  folder_ = pattern;
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  redirect(folder_ + "/output", STDOUT_FILENO);
  redirect(folder_ + "/errors", STDERR_FILENO);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  if (chdir(folder_.c_str()) == 0) execv(argv[0], argv.data());
  _exit(127);
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
  std::filesystem::remove_all(folder_);
}

void Process::signal(int number) { kill(pid_, number); }

bool Process::running() {
  if (status_ >= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int Process::wait() {
  if (status_ >= 0) return status_;
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

std::size_t Process::peak_memory_mb() const {
  std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
  throw std::runtime_error{"the program does not run"};
}

std::string Process::output() const { return contents(folder_ + "/output"); }
std::string Process::errors() const { return contents(folder_ + "/errors"); }

Finished run_program(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment) {
  arguments.insert(arguments.begin(), DYNAMITE_PROGRAM);
  Process process{std::move(arguments), std::move(environment)};
  const int status = process.wait();
  return {status, process.output(), process.errors()};
}

}  // namespace dynamite::test
