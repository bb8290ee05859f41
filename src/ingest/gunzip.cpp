#include "ingest/gunzip.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kInputBytes = 1U << 16U;
constexpr int kGzipOnly = 16 + MAX_WBITS;

[[noreturn]] void fail(std::string_view why) {
  throw Error{Error::Kind::usage, "gzip " + std::string{why},
              "fetch the file again: it is damaged"};
}

}  // namespace

Gunzip::Gunzip(ReadBytes packed) : packed_{std::move(packed)}, input_(kInputBytes, '\0') {
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc{};
}

Gunzip::~Gunzip() { inflateEnd(&stream_); }

bool Gunzip::fill() {
  if (stream_.avail_in > 0) return true;
  stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
  stream_.avail_in = static_cast<uInt>(packed_(input_.data(), input_.size()));
  return stream_.avail_in > 0;
}

std::size_t Gunzip::read(char* out, std::size_t size) {
  constexpr std::size_t kMax = std::numeric_limits<uInt>::max();
  const auto room = static_cast<uInt>(std::min(size, kMax));
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = room;
  while (stream_.avail_out > 0) {
    if (!fill()) {
      if (within_member_) fail("ends before its end: it is cut off");
      break;
    }
    if (!within_member_) next_member();
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
      within_member_ = false;
    else if (result == Z_MEM_ERROR)
      throw std::bad_alloc{};
    else if (result != Z_OK && result != Z_BUF_ERROR)
      fail(stream_.msg == nullptr ? "is damaged" : stream_.msg);
  }
  return room - stream_.avail_out;
}

void Gunzip::next_member() {
  if (inflateReset(&stream_) != Z_OK) fail("is damaged");
  within_member_ = true;
}

}  // namespace dynamite
