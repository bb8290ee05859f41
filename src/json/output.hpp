#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace dynamite {

/// Appends to a string the JSON that an image becomes. Room for all of it is made at the beginning.
/// String and image outlive it.
class JsonOutput {
 public:
  JsonOutput() = default;  ///< takes nothing until it is swapped with one that does
  JsonOutput(std::string& text, std::string_view image)
      : text_{&text}, image_end_{image.data() + image.size()}, used_{text.size()} {
    make_room(image.size());
  }
  JsonOutput(const JsonOutput&) = delete;
  JsonOutput& operator=(const JsonOutput&) = delete;

  void swap(JsonOutput& other) noexcept {
    std::swap(text_, other.text_);
    std::swap(image_end_, other.image_end_);
    std::swap(used_, other.used_);
  }

  void put(char c) {
    if (used_ == text_->size()) make_room(1);
    (*text_)[used_++] = c;
  }

  void append(std::string_view bytes) {
    if (text_->size() - used_ < bytes.size()) make_room(bytes.size());
    std::memcpy(text_->data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }

  /// The same for bytes of the image. Most pieces are short: it costs the least to copy a whole
  /// block, unless the image ends before.
  void append_from_image(std::string_view bytes) {
    if (bytes.size() > kBlock || image_end_ - bytes.data() < kBlockSigned) return append(bytes);
    if (text_->size() - used_ < kBlock) make_room(kBlock);
    std::memcpy(text_->data() + used_, bytes.data(), kBlock);
    used_ += bytes.size();
  }

  /// Where the next byte goes, from the beginning of the string.
  std::size_t size() const noexcept { return used_; }

  /// Cuts off the room that is left.
  void finish() { text_->resize(used_); }

 private:
  static constexpr std::size_t kBlock = 32;
  static constexpr std::ptrdiff_t kBlockSigned = kBlock;

  void make_room(std::size_t bytes) {
    const std::size_t size = used_ + bytes + kBlock;
    if (size > text_->capacity()) text_->reserve(std::max(size, 2 * text_->capacity()));
    text_->resize(size);
  }

  std::string* text_ = nullptr;
  const char* image_end_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace dynamite
