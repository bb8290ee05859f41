#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace dynamite::test {

/// A program under test, in a process of its own. Killed by the destructor if it still runs.
class Process {
 public:
  /// `environment` is added to ours. Standard output and error go to a file each.
  Process(std::vector<std::string> arguments, std::map<std::string, std::string> environment);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  void signal(int number);
  bool running();

  /// Waits for the end. The exit status, or 128 and the signal that ended it.
  int wait();

  /// The most physical memory that it had so far, in MB; it must still run.
  std::size_t peak_memory_mb() const;

  std::string output() const;
  std::string errors() const;

 private:
  std::string folder_;
  pid_t pid_ = 0;
  int status_ = -1;
};

/// The program that was built, with these arguments, to its end.
struct Finished {
  int status;
  std::string output, errors;
};
Finished run_program(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment);

}  // namespace dynamite::test
