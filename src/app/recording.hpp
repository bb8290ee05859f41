#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace dynamite {

/// Reads a file of recorded events part by part. A part ends with a line: never inside an event,
/// since within a JSON value no closing brace is followed by an opening one.
class Recording {
 public:
  /// `name`: a file, or - for standard input. Throws Error{usage} if it cannot be read.
  explicit Recording(const std::string& name);

  /// The next part; empty at the end. Throws Error{transient} if reading fails.
  std::string next();

 private:
  std::size_t find_cut(std::size_t from) const;
  bool read_more();

  const std::string name_;
  std::ifstream file_;
  std::string buffer_;
};

}  // namespace dynamite
