#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>

#include "app/commands.hpp"
#include "app/handler_options.hpp"
#include "app/redrive.hpp"
#include "app/source_tables.hpp"
#include "core/error.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

constexpr int kAttempts = 10;                         // of one call
constexpr auto kPatience = std::chrono::minutes{10};  // for one part of a file
constexpr std::size_t kReadBytes = 1U << 20U;
// A part is held in memory; an event of Lambda has at most 6 MB.
constexpr std::size_t kPartBytes = 16U << 20U;

/// Reads a file of recorded events part by part. A part ends with a line: never inside an event,
/// since within a JSON value no closing brace is followed by an opening one.
class Recording {
 public:
  explicit Recording(const std::string& name) : name_{name} {
    if (name == "-") return;
    file_.open(name, std::ios::binary);
    if (!file_)
      throw Error{Error::Kind::usage, fmt::format("cannot read \"{}\"", name),
                  "name a file of recorded events, or - for standard input"};
  }

  /// The next part; empty at the end.
  std::string next() {
    std::size_t searched = 0;
    for (;;) {
      const std::size_t cut = buffer_.size() < kPartBytes ? std::string::npos : find_cut(searched);
      if (cut != std::string::npos) {
        std::string part = buffer_.substr(0, cut);
        buffer_.erase(0, cut);
        return part;
      }
      searched = buffer_.size() < kBoundaryMax ? 0 : buffer_.size() - kBoundaryMax;
      if (!read_more()) return std::exchange(buffer_, {});
    }
  }

 private:
  static constexpr std::size_t kBoundaryMax = 4;  // "}\r\n{"

  std::size_t find_cut(std::size_t from) const {
    for (const std::string_view boundary : {"}\n{", "}\r\n{"})
      if (const std::size_t at = buffer_.find(boundary, from); at != std::string::npos)
        return at + boundary.size() - 1;
    return std::string::npos;
  }

  bool read_more() {
    std::istream& stream = name_ == "-" ? std::cin : file_;
    const std::size_t old = buffer_.size();
    buffer_.resize(old + kReadBytes);
    stream.read(buffer_.data() + old, static_cast<std::streamsize>(kReadBytes));
    buffer_.resize(old + static_cast<std::size_t>(stream.gcount()));
    if (stream.bad())
      throw Error{Error::Kind::transient, fmt::format("reading \"{}\" failed", name_)};
    return buffer_.size() > old;
  }

  const std::string name_;
  std::ifstream file_;
  std::string buffer_;
};

HandlerOutcome apply_file(Handler& handler, Redrive& redrive, const std::string& name,
                          const std::stop_token& stop) {
  Recording recording{name};
  HandlerOutcome sum;
  for (std::string part = recording.next(); !part.empty(); part = recording.next()) {
    std::vector<RecordRange> ranges;
    sum += handler.handle_decoded(
        [&](const TableLookup& lookup) {
          Recorded recorded = decode_recorded(std::move(part), lookup);
          ranges = std::move(recorded.ranges);
          return std::move(recorded.batch);
        },
        std::chrono::system_clock::now() + kPatience, stop);
    for (const RecordRange& range : ranges) sum += redrive.apply(range);
  }
  return sum;
}

}  // namespace

int run_apply(const Context& context) {
  // What comes by another way than its stream may be older than a pass, which has forgotten it.
  Source source{context, kAttempts};
  HandlerOptions options = handler_options(context, "apply");
  options.late = !context.line.as_recorded;
  options.keeps_session = true;
  if (options.late)
    options.read_back = [&](const Batch& batch, std::uint16_t table, const std::stop_token& stop) {
      return read_back(source.dynamodb(), batch, table, stop);
    };
  Handler handler{std::move(options)};
  Redrive redrive{context, handler};
  for (const std::string& name : context.line.files) {
    const HandlerOutcome outcome = apply_file(handler, redrive, name, context.stop);
    fmt::print("{}: {} records, {} keys, {} rows changed, {} dead letters\n", name, outcome.records,
               outcome.changes, outcome.applied, outcome.dead_letters);
  }
  return redrive.found_gap() ? kExitDiffers : kExitDone;
}

}  // namespace dynamite
