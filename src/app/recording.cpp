#include "app/recording.hpp"

#include <fmt/format.h>

#include <iostream>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
// Some parts are in memory at a time, and the first is decoded before anything is applied.
constexpr std::size_t kPartBytes = 4U << 20U;
constexpr std::size_t kBoundaryMax = 4;  // "}\r\n{"

}  // namespace

Recording::Recording(const std::string& name) : name_{name} {
  if (name == "-") return;
  file_.open(name, std::ios::binary);
  if (!file_)
    throw Error{Error::Kind::usage, fmt::format("cannot read \"{}\"", name),
                "name a file of recorded events, or - for standard input"};
}

std::string Recording::next() {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t cut = buffer_.size() < kPartBytes ? std::string::npos : find_cut(searched);
    if (cut != std::string::npos) {
      std::string rest = buffer_.substr(cut);
      buffer_.resize(cut);
      return std::exchange(buffer_, std::move(rest));
    }
    searched = buffer_.size() < kBoundaryMax ? 0 : buffer_.size() - kBoundaryMax;
    if (!read_more()) return std::exchange(buffer_, {});
  }
}

std::size_t Recording::find_cut(std::size_t from) const {
  for (const std::string_view boundary : {"}\n{", "}\r\n{"})
    if (const std::size_t at = buffer_.find(boundary, from); at != std::string::npos)
      return at + boundary.size() - 1;
  return std::string::npos;
}

bool Recording::read_more() {
  std::istream& stream = name_ == "-" ? std::cin : file_;
  const std::size_t old = buffer_.size();
  buffer_.resize(old + kReadBytes);
  stream.read(buffer_.data() + old, static_cast<std::streamsize>(kReadBytes));
  buffer_.resize(old + static_cast<std::size_t>(stream.gcount()));
  if (stream.bad())
    throw Error{Error::Kind::transient, fmt::format("reading \"{}\" failed", name_)};
  return buffer_.size() > old;
}

}  // namespace dynamite
