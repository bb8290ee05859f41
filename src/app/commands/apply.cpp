#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "app/commands/commands.hpp"
#include "app/wiring/ingest.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/arn.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "decode/recorded.hpp"
#include "ingest/batch_applier.hpp"
#include "ingest/parallel_ingest.hpp"
#include "ingest/recording.hpp"
#include "ingest/redrive.hpp"
#include "json/writer.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::minutes{10};  // for one part of a file

/// What is measured of a run.
struct Stats {
  steady_clock::time_point begin = steady_clock::now();
  double cpu_begin = cpu_seconds();
  duration<double> decoding{};
  ApplyOutcome outcome{};

  void print() const {
    const auto micros = [](double seconds) { return fmt::format("{:.6f}", seconds); };
    const duration<double> wall = steady_clock::now() - begin;
    fmt::print("{}\n", JsonObject{}
                           .number("records", outcome.records)
                           .number("applied", outcome.applied)
                           .number("dead_letters", outcome.dead_letters)
                           .json("wall_s", micros(wall.count()))
                           .json("client_cpu_s", micros(cpu_seconds() - cpu_begin))
                           .json("decode_s", micros(decoding.count()))
                           .finish());
  }
};

/// Documents that hold no records. The first ones are named.
class StrangeDocuments {
 public:
  void add(const std::string& file, StrangeDocument document) {
    if (count_++ < kNamedMax)
      spdlog::warn("passed over file={} place={} reason={}", log_value(file),
                   in_quotes(document.place), in_quotes(document.what));
    if (!first_)
      first_ = Error{Error::Kind::usage,
                     fmt::format("{}, {}: {}", file, document.place, document.what), document.hint};
  }

  std::uint64_t count() const { return count_; }

  /// If the files held nothing else, the first of these documents is the error.
  void require_records(const ApplyOutcome& outcome) const {
    if (first_ && outcome.records == 0) throw *first_;
  }

 private:
  static constexpr std::uint64_t kNamedMax = 10;

  std::uint64_t count_ = 0;
  std::optional<Error> first_;
};

void print_loss(const RecordRange& range, const std::string& lost) {
  const std::string table = parse_stream_arn(range.stream_arn).table_name;
  fmt::print(
      "records {} of {} are gone from the stream of {}: the gap is recorded, and `dynamite "
      "snapshot --table {}` heals it\n",
      lost, range.shard_id, table, table);
}

/// Decodes files part by part while what was decoded before is applied.
class FileApply {
 public:
  FileApply(const Context& context, DynamoDb& dynamodb, const IngestOptions& options)
      : context_{context},
        applier_{options},
        redrive_{applier_,
                 dynamodb,
                 {.connect = options.connect,
                  .state_schema = options.state_schema,
                  .on_loss = print_loss},
                 context.stop},
        parallel_{options,
                  {.connections = context.line.apply.connections,
                   .records_max = context.line.apply.batch.value_or(0)},
                  context.stop} {}

  /// Opens the connections, so that the first part finds them.
  void open() {
    applier_.prepare(context_.stop);
    parallel_.finish();
  }

  void add(const std::string& file, Recording::Part part) {
    const auto begin = steady_clock::now();
    const auto text = std::make_shared<const std::string>(std::move(part.text));
    const RecordedOptions options{.stream_arn = context_.line.apply.stream_arn,
                                  .first_line = part.line};
    IngestCall call{.deadline = std::chrono::system_clock::now() + kPatience,
                    .stop = context_.stop};
    Recorded recorded = applier_.decode(
        [&](const KnownTables& tables) { return decode_recorded(text, tables, options); }, call);
    decoding_ += steady_clock::now() - begin;
    for (StrangeDocument& document : recorded.strange) strange_.add(file, std::move(document));
    ranges_.insert(ranges_.end(), recorded.ranges.begin(), recorded.ranges.end());
    for (Batch& batch : recorded.batches) {
      const Replica& replica = applier_.replica_of(batch.table->arn, call);
      parallel_.add(std::make_shared<const Batch>(std::move(batch)), replica);
    }
  }

  /// Returns when all is committed.
  ApplyOutcome finish() {
    ApplyOutcome sum = parallel_.finish();
    for (const RecordRange& range : ranges_) sum += redrive_.apply(range);
    ranges_.clear();
    return sum;
  }

  StrangeDocuments& strange() { return strange_; }
  bool found_gap() const { return redrive_.found_gap(); }
  duration<double> decoding() const { return decoding_; }

 private:
  const Context& context_;
  BatchApplier applier_;  // for the tables, and for what is read again
  Redrive redrive_;
  ParallelIngest parallel_;
  std::vector<RecordRange> ranges_;
  StrangeDocuments strange_;
  duration<double> decoding_{};
};

void apply_and_say(FileApply& apply, const std::vector<std::string>& files) {
  ApplyOutcome sum;
  for (const std::string& name : files) {
    Recording recording{name};
    const std::uint64_t strange_before = apply.strange().count();
    for (Recording::Part part = recording.next(); !part.text.empty(); part = recording.next())
      apply.add(name, std::move(part));
    const ApplyOutcome outcome = apply.finish();
    sum += outcome;
    const std::uint64_t strange = apply.strange().count() - strange_before;
    fmt::print("{}: {} records, {} keys, {} rows changed, {} dead letters{}\n", name,
               outcome.records, outcome.changes, outcome.applied, outcome.dead_letters,
               strange == 0 ? "" : fmt::format(", {} documents passed over", strange));
    if (outcome.untaken > 0)
      fmt::print("{}: no target takes the items of {} records\n", name, outcome.untaken);
    if (outcome.outdated > 0)
      fmt::print(
          "{}: {} of the records are of a stream that ended before the last pass, which has "
          "made up for them\n",
          name, outcome.outdated);
  }
  apply.strange().require_records(sum);
}

void apply_and_measure(FileApply& apply, const std::vector<std::string>& files) {
  std::deque<std::pair<std::string, Recording::Part>> parts;
  for (const std::string& name : files) {
    Recording recording{name};
    for (Recording::Part part = recording.next(); !part.text.empty(); part = recording.next())
      parts.emplace_back(name, std::move(part));
  }
  apply.open();
  Stats stats;
  for (auto& [name, part] : parts) apply.add(name, std::move(part));
  stats.outcome = apply.finish();
  stats.decoding = apply.decoding();
  apply.strange().require_records(stats.outcome);
  stats.print();
}

}  // namespace

int run_apply(const Context& context) {
  // Recorded events may be older than the last pass, whose sweep has dropped their tombstones: read
  // the item again.
  AwsClients aws{context, kRunAttempts};
  IngestOptions options = ingest_options(context, "apply");
  options.host = Host::process;
  if (!context.line.apply.as_recorded) {
    options.read_back_of = ReadBackOf::every_record;
    options.read_back = [&](const Batch& batch, const std::stop_token& stop) {
      return read_back(aws.dynamodb(), batch, stop);
    };
  }
  FileApply apply{context, aws.dynamodb(), options};
  if (context.line.apply.stats)
    apply_and_measure(apply, context.line.apply.files);
  else
    apply_and_say(apply, context.line.apply.files);
  return apply.found_gap() || apply.strange().count() > 0 ? kExitDiffers : kExitDone;
}

}  // namespace dynamite
