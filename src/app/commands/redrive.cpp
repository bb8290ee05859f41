#include "app/commands/redrive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <compare>

#include "app/wiring/postgres.hpp"
#include "core/arn.hpp"
#include "core/error.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/follower.hpp"

namespace dynamite {
namespace {

constexpr int kAttempts = 10;                         // of one call
constexpr auto kPatience = std::chrono::minutes{10};  // for one page
constexpr int kEmptyPagesMax = 50;                    // in a row; an open shard never ends

/// How a record stands to the range's last.
std::strong_ordering to_last(const RecordRange& range, std::string_view sequence_number) {
  return Version{0, sequence_number} <=> Version{0, range.last_sequence_number};
}

/// Of the oldest record.
std::string first_sequence_number(const Turn& turn) {
  const auto& changes = turn.batch->changes;
  if (changes.empty()) return turn.position;
  const auto first = std::ranges::min_element(changes, {}, &Change::version);
  return std::string{first->version.sequence_number()};
}

/// The records are no more there: trimmed, or with their shard or stream.
bool is_loss(const Error& error) {
  return error.kind() == Error::Kind::gap || error.kind() == Error::Kind::gone;
}

}  // namespace

HandlerOutcome Redrive::apply(const RecordRange& range) {
  if (!source_) source_.emplace(context_, kAttempts);
  reader_.reset();
  HandlerOutcome sum;
  int empty_pages = 0;
  for (bool more = true; more;) {
    const auto deadline = std::chrono::system_clock::now() + kPatience;
    sum += handler_.handle_decoded(
        [&](const TableLookup& lookup) {
          Turn turn = read_next(range, lookup);
          more = !turn.finished && (turn.position.empty() || to_last(range, turn.position) < 0);
          empty_pages = turn.batch ? 0 : empty_pages + 1;
          return turn.batch ? std::move(*turn.batch) : Batch{};
        },
        deadline, context_.stop);
    if (more && empty_pages == kEmptyPagesMax)
      throw Error{Error::Kind::transient,
                  fmt::format("{} has no records up to {}, which Lambda gave up", range.shard_id,
                              range.last_sequence_number),
                  "is the report of this stream?"};
  }
  return sum;
}

Turn Redrive::read_next(const RecordRange& range, const TableLookup& lookup) {
  try {
    if (!reader_) {
      place_ = {.table = lookup(range.stream_arn),
                .stream_arn = range.stream_arn,
                .generation = parse_stream_arn(range.stream_arn).generation,
                .shard_id = range.shard_id};
      reader_ = ShardReader::at(source_->dynamodb(), place_, range.first_sequence_number);
    }
    return reader_->next(context_.stop);
  } catch (const Error& error) {
    if (!is_loss(error)) throw;
    return read_from_horizon(range);
  }
}

/// What is left of the range behind those that are gone.
Turn Redrive::read_from_horizon(const RecordRange& range) {
  Turn turn{.batch = std::nullopt, .position = "", .finished = true};
  try {
    reader_.emplace(source_->dynamodb(), place_, "");
    do turn = reader_->next(context_.stop);
    while (!turn.batch && !turn.finished && turn.position.empty());
  } catch (const Error& error) {
    if (!is_loss(error)) throw;
  }
  const std::string left = turn.batch ? first_sequence_number(turn) : "";
  const bool some_left = !left.empty() && to_last(range, left) <= 0;
  note_gap(range, some_left ? fmt::format("{} up to before {}", range.first_sequence_number, left)
                            : fmt::format("{} to {}", range.first_sequence_number,
                                          range.last_sequence_number));
  if (!some_left) return {.batch = std::nullopt, .position = "", .finished = true};
  return turn;
}

void Redrive::note_gap(const RecordRange& range, const std::string& lost) {
  found_gap_ = true;
  const StreamArn stream = parse_stream_arn(range.stream_arn);
  fmt::print(
      "records {} of {} are gone from the stream of {}: the gap is recorded, and `dynamite "
      "snapshot --table {}` heals it\n",
      lost, range.shard_id, stream.table_name, stream.table_name);
  pg::Connection connection =
      pg::Connection::open(connect_options(context_, "apply"), context_.stop);
  for (const ReplicaTable& replica : Catalogue{connection, context_.config.state_schema}.load())
    if (replica.source->arn == stream.table_arn)
      record_gap(connection, replica,
                 {.stream_arn = range.stream_arn,
                  .shard_id = range.shard_id,
                  .reason = fmt::format("records {}, which Lambda gave up, were gone before they "
                                        "were read again",
                                        lost)});
}

}  // namespace dynamite
