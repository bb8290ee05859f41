#pragma once

#include <cstddef>
#include <fstream>
#include <memory>
#include <string>

#include "ingest/gunzip.hpp"
#include "ingest/list_cut.hpp"

namespace dynamite {

/// Reads a file of recorded events part by part, gzip or not. A part holds whole documents, or a
/// list cut between its elements: an array, or the Records of an event. So one document that is
/// cut is held in memory only in part.
class Recording {
 public:
  struct Part {
    std::string text;      ///< empty: the file has ended
    std::size_t line = 1;  ///< the file's, in which the text begins
  };

  /// `name`: a file, or - for standard input. Throws Error{usage} if it cannot be read.
  explicit Recording(const std::string& name);

  /// Throws Error{transient} if reading fails, Error{usage} if a document is too large that cannot
  /// be cut, or the file is no text.
  Part next();

 private:
  std::size_t find_line_cut(std::size_t from) const;
  Part take(std::size_t size);
  Part take(const ListCut& cut);
  bool read_more();
  std::size_t read_raw(char* out, std::size_t size);
  void open_text();

  const std::string name_;
  std::ifstream file_;
  std::unique_ptr<Gunzip> gunzip_;  // null: the file is not packed
  std::string buffer_;
  std::size_t line_ = 1;
};

}  // namespace dynamite
