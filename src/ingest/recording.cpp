#include "ingest/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
// Some parts are in memory at a time, and the first is decoded before anything is applied.
constexpr std::size_t kPartBytes = 4U << 20U;
// An event of Lambda, and what AWS makes of one, has 6 MB, a message 1 MB.
constexpr std::size_t kDocumentBytesMax = 256U << 20U;
constexpr std::size_t kBoundaryMax = 4;  // "}\r\n{"
constexpr std::string_view kGzip = "\x1F\x8B";
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

/// Files that are no JSON, by how they begin.
struct Format {
  std::string_view begin, what, hint;
};

using namespace std::string_view_literals;

constexpr std::array kFormats{
    Format{"\xE0\x01\x00\xEA"sv, "Ion, as a table export may be written",
           "`dynamite snapshot` copies a table as it is now"},
    Format{"$ion_1_0"sv, "Ion, as a table export may be written",
           "`dynamite snapshot` copies a table as it is now"},
    Format{"PK\x03\x04"sv, "a zip archive", "unpack it: unzip -p FILE | dynamite apply -"},
    Format{"\x28\xB5\x2F\xFD"sv, "packed by zstd", "unpack it: zstdcat FILE | dynamite apply -"},
    Format{"BZh"sv, "packed by bzip2", "unpack it: bzcat FILE | dynamite apply -"},
    Format{"\xFD"
           "7zXZ"sv,
           "packed by xz", "unpack it: xzcat FILE | dynamite apply -"},
    Format{"PAR1"sv, "Parquet", "`dynamite apply` takes JSON"},
    Format{"\xFF\xFE"sv, "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | dynamite apply -"},
    Format{"\xFE\xFF"sv, "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | dynamite apply -"},
};

std::size_t count_lines(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

Recording::Recording(const std::string& name) : name_{name} {
  if (name != "-") {
    if (std::filesystem::is_directory(name))
      throw Error{Error::Kind::usage, fmt::format("\"{}\" is a folder", name),
                  fmt::format("name its files: dynamite apply {}/*", name)};
    file_.open(name, std::ios::binary);
    if (!file_)
      throw Error{Error::Kind::usage, fmt::format("cannot read \"{}\"", name),
                  "name a file of recorded events, or - for standard input"};
  }
  open_text();
}

/// Looks at how the file begins.
void Recording::open_text() {
  read_more();
  if (buffer_.starts_with(kGzip)) {
    gunzip_ = std::make_unique<Gunzip>(
        [this, packed = std::exchange(buffer_, {})](char* out, std::size_t size) mutable {
          if (packed.empty()) return read_raw(out, size);
          const std::size_t given = packed.copy(out, size);
          packed.erase(0, given);
          return given;
        });
    read_more();
  }
  for (const Format& format : kFormats)
    if (buffer_.starts_with(format.begin))
      throw Error{Error::Kind::usage, fmt::format("\"{}\" is {}", name_, format.what),
                  std::string{format.hint}};
  if (buffer_.starts_with(kUtf8Mark)) buffer_.erase(0, kUtf8Mark.size());
}

Recording::Part Recording::next() {
  std::size_t searched = 0;
  for (std::size_t look_at = kPartBytes;;) {
    if (buffer_.size() >= kPartBytes) {
      if (const std::size_t cut = find_line_cut(searched); cut != std::string::npos)
        return take(cut);
    }
    searched = buffer_.size() < kBoundaryMax ? 0 : buffer_.size() - kBoundaryMax;
    // Each look passes over the whole buffer: the next one waits until there is twice as much.
    if (buffer_.size() >= look_at) {
      look_at *= 2;
      if (const std::optional<ListCut> cut = find_list_cut(buffer_)) return take(*cut);
      if (buffer_.size() >= kDocumentBytesMax)
        throw Error{Error::Kind::usage,
                    fmt::format("\"{}\": the document of line {} is larger than {} MB", name_,
                                line_, kDocumentBytesMax >> 20U),
                    "cut it: one document a line, or an array of them"};
    }
    if (!read_more()) return {.text = std::exchange(buffer_, {}), .line = line_};
  }
}

Recording::Part Recording::take(std::size_t size) {
  std::string rest = buffer_.substr(size);
  buffer_.resize(size);
  Part part{.text = std::exchange(buffer_, std::move(rest)), .line = line_};
  line_ += count_lines(part.text);
  return part;
}

/// The list is closed here, and opened again in front of the rest.
Recording::Part Recording::take(const ListCut& cut) {
  Part part{.text = buffer_.substr(0, cut.size), .line = line_};
  part.text += cut.closing;
  line_ += count_lines(std::string_view{buffer_}.substr(0, cut.rest));
  line_ -= count_lines(cut.opening);
  buffer_.replace(0, cut.rest, cut.opening);
  return part;
}

std::size_t Recording::find_line_cut(std::size_t from) const {
  for (const std::string_view boundary : {"}\n{", "}\r\n{"})
    if (const std::size_t at = buffer_.find(boundary, from); at != std::string::npos)
      return at + boundary.size() - 1;
  return std::string::npos;
}

bool Recording::read_more() {
  const std::size_t old = buffer_.size();
  buffer_.resize(old + kReadBytes);
  char* const out = buffer_.data() + old;
  try {
    buffer_.resize(old + (gunzip_ ? gunzip_->read(out, kReadBytes) : read_raw(out, kReadBytes)));
  } catch (const Error& error) {
    throw Error{error.kind(), fmt::format("\"{}\": {}", name_, error.what()), error.hint()};
  }
  return buffer_.size() > old;
}

std::size_t Recording::read_raw(char* out, std::size_t size) {
  std::istream& stream = name_ == "-" ? std::cin : file_;
  stream.read(out, static_cast<std::streamsize>(size));
  if (stream.bad()) throw Error{Error::Kind::transient, "reading failed"};
  return static_cast<std::size_t>(stream.gcount());
}

}  // namespace dynamite
