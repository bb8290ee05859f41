#include "ingest/redrive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <compare>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/gaps.hpp"

namespace dynamite {
namespace {

constexpr auto kPatience = std::chrono::minutes{10};  // for one page
constexpr int kEmptyPagesMax = 50;                    // in a row; an open shard never ends

/// How a record stands to the range's last.
std::strong_ordering to_last(const RecordRange& range, std::string_view sequence_number) {
  return Version{0, sequence_number} <=> Version{0, range.last_sequence_number};
}

/// Of the oldest record.
std::string first_sequence_number(const Page& page) {
  const auto& changes = page.batch->changes;
  if (changes.empty()) return page.position;
  const auto first = std::ranges::min_element(changes, {}, &Change::version);
  return std::string{first->version.sequence_number()};
}

}  // namespace

ApplyOutcome Redrive::apply(const RecordRange& range) {
  reader_.reset();
  ApplyOutcome sum;
  int empty_pages = 0;
  for (bool more = true; more;) {
    const auto deadline = std::chrono::system_clock::now() + kPatience;
    const Page page = read_next(range, deadline);
    more = !page.finished && (page.position.empty() || to_last(range, page.position) < 0);
    empty_pages = page.batch ? 0 : empty_pages + 1;
    if (page.batch) sum += apply(*page.batch, deadline);
    if (more && empty_pages == kEmptyPagesMax)
      throw Error{Error::Kind::transient,
                  fmt::format("{} has no records up to {}, which Lambda gave up", range.shard_id,
                              range.last_sequence_number),
                  "is the report of this stream?"};
  }
  return sum;
}

ApplyOutcome Redrive::apply(const Batch& batch, std::chrono::system_clock::time_point deadline) {
  IngestCall call{.deadline = deadline, .stop = stop_};
  call.require_time();
  return applier_.apply(batch, call);
}

Page Redrive::read_next(const RecordRange& range, std::chrono::system_clock::time_point deadline) {
  try {
    if (!reader_) {
      const StreamArn stream = parse_stream_arn(range.stream_arn);
      IngestCall call{.deadline = deadline, .stop = stop_};
      place_ = {.table = applier_.replica_of(stream.table_arn, call).source,
                .stream_arn = range.stream_arn,
                .generation = stream.generation,
                .shard_id = range.shard_id};
      reader_ = ShardReader::at(dynamodb_, place_, range.first_sequence_number);
    }
    return reader_->next(stop_);
  } catch (const Error& error) {
    if (!is_loss(error)) throw;
    return read_from_horizon(range);
  }
}

/// The rest of the range, behind the records that are gone.
Page Redrive::read_from_horizon(const RecordRange& range) {
  Page page{.batch = std::nullopt, .position = "", .finished = true};
  try {
    reader_.emplace(dynamodb_, place_, "");
    do page = reader_->next(stop_);
    while (!page.batch && !page.finished && page.position.empty());
  } catch (const Error& error) {
    if (!is_loss(error)) throw;
  }
  const std::string left = page.batch ? first_sequence_number(page) : "";
  const bool some_left = !left.empty() && to_last(range, left) <= 0;
  note_gap(range, some_left ? fmt::format("{} up to before {}", range.first_sequence_number, left)
                            : fmt::format("{} to {}", range.first_sequence_number,
                                          range.last_sequence_number));
  if (!some_left) return {.batch = std::nullopt, .position = "", .finished = true};
  return page;
}

void Redrive::note_gap(const RecordRange& range, const std::string& lost) {
  found_gap_ = true;
  if (options_.on_loss) options_.on_loss(range, lost);
  const std::string table_arn = parse_stream_arn(range.stream_arn).table_arn;
  pg::Connection connection = pg::Connection::open(options_.connect, stop_);
  for (const Replica& replica : Catalogue{connection, options_.state_schema}.load())
    if (replica.source->arn == table_arn)
      record_gap(connection, replica,
                 {.stream_arn = range.stream_arn,
                  .shard_id = range.shard_id,
                  .reason = fmt::format("records {}, which Lambda gave up, were gone before they "
                                        "were read again",
                                        lost)});
}

}  // namespace dynamite
