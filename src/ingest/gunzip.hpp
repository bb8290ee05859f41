#pragma once

#include <zlib.h>

#include <cstddef>
#include <functional>
#include <string>

namespace dynamite {

/// Gives at most so many bytes; none at the end.
using ReadBytes = std::function<std::size_t(char* out, std::size_t size)>;

/// Unpacks gzip of any number of members, as it is read: what comes out is never held as a whole.
class Gunzip {
 public:
  explicit Gunzip(ReadBytes packed);
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip();

  /// As ReadBytes. Throws Error{usage} if the bytes are no gzip, are cut off, or have a wrong sum.
  std::size_t read(char* out, std::size_t size);

 private:
  bool fill();
  void next_member();

  ReadBytes packed_;
  std::string input_;
  z_stream stream_{};
  bool within_member_ = true;
};

}  // namespace dynamite
