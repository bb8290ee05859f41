#pragma once

#include <cstddef>
#include <string>

namespace dynamite {

/// Cuts a string back to the size that it had at the beginning, unless keep() was called.
class Rollback {
 public:
  explicit Rollback(std::string& text) noexcept : text_{text}, size_{text.size()} {}
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;
  ~Rollback() {
    if (!kept_) text_.resize(size_);
  }
  void keep() noexcept { kept_ = true; }

 private:
  std::string& text_;
  std::size_t size_;
  bool kept_ = false;
};

}  // namespace dynamite
