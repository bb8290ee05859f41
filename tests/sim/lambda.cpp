#include "sim/lambda.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "source/read_back.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 60s;
constexpr auto kHeldUp = 15min;

IngestOptions ingest_options(const Place& place, DynamoDb& dynamodb, bool late, Counts& counts) {
  return {.connect = place.connect,
          .state_schema = place.replica.state_schema,
          .hash_key = place.replica.hash_key(),
          .apply = {},
          .create_replica = {},
          .read_back =
              [&dynamodb, &counts, late](const Batch& batch, const std::stop_token& stop) {
                if (!late && !lacks_images(batch)) ++counts["late records read back by a function"];
                return read_back(dynamodb, batch, stop);
              },
          .read_back_of = late ? ReadBackOf::every_record : ReadBackOf::needed};
}

// Lambda spells it in its own way.
constexpr std::string_view kByTimeToLiveInEvents =
    R"(,"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"})";

/// A record as GetRecords gives it, as an event has it.
std::string with_stream(std::string record, const std::string& stream_arn) {
  record.pop_back();
  if (record.ends_with(kByTimeToLive))
    record.replace(record.size() - kByTimeToLive.size(), kByTimeToLive.size(),
                   kByTimeToLiveInEvents);
  return record + fmt::format(R"(,"eventSourceARN":"{}"}})", stream_arn);
}

}  // namespace

Lambda::Lambda(const Place& place, Transport& transport, Chance& chance)
    : client_{transport},
      chance_{chance},
      handler_{ingest_options(place, client_.dynamodb, false, chance.counts)},
      thawed_{ingest_options(place, client_.dynamodb, false, chance.counts)},
      late_{ingest_options(place, client_.dynamodb, true, chance.counts)} {}

/// Shards with records to read, of which no parent has any left.
std::vector<Lambda::Waiting> Lambda::waiting(const Table& table) {
  std::vector<Waiting> all;
  for (const Stream& stream : table.streams()) {
    const std::string& arn = stream.identity().arn;
    for (const Shard& shard : stream.shards()) {
      Position& position = positions_[{arn, shard.id}];
      position.next = std::max(position.next, shard.trimmed);
      const bool readable =
          stream.find(shard.parent) == nullptr || positions_[{arn, shard.parent}].finished;
      if (readable && position.next < shard.records.size())
        all.push_back({&stream, &shard, &position});
      position.finished = readable && !shard.open() && position.next == shard.records.size();
    }
  }
  return all;
}

std::string Lambda::next_event(const Waiting& from, std::size_t records) const {
  std::string list;
  for (std::size_t i = 0; i < records; ++i)
    list +=
        (list.empty() ? "" : ",") +
        with_stream(from.shard->records[from.position->next + i].json, from.stream->identity().arn);
  return R"({"Records":[)" + list + "]}";
}

bool Lambda::invoke(const Table& table) {
  const auto all = waiting(table);
  if (all.empty()) return false;
  const Waiting& from = all[chance_.below(all.size())];
  const std::size_t left = from.shard->records.size() - from.position->next;
  const std::size_t records = 1 + chance_.below(left);
  const std::string event = next_event(from, records);
  const Micros now = chance_.now();
  ages_.emplace_back(now, std::chrono::duration_cast<std::chrono::seconds>(
                              now - from.shard->records[from.position->next].time));
  if (chance_.happens(5, "invocation frozen")) {
    frozen_.push_back({event, chance_.clock.now() + kTimeout});
    return true;
  }
  const bool done = handle(handler_, event, kTimeout);
  if (done ? chance_.happens(10, "invocation repeated") : !chance_.happens(10, "batch given up"))
    return true;
  if (!done) given_up_.push_back(event);
  from.position->next += records;
  return true;
}

void Lambda::thaw() {
  std::ranges::shuffle(frozen_, chance_.random);
  for (const Frozen& invocation : frozen_) {
    const auto left = invocation.deadline - chance_.clock.now();
    ++chance_.counts[left > 0s ? "invocation thawed" : "invocation thawed too late"];
    handle(thawed_, invocation.event, left);
  }
  frozen_.clear();
}

std::size_t Lambda::redrive() {
  return std::erase_if(given_up_, [&](const std::string& event) {
    const bool done = handle(late_, event, kTimeout);
    if (done) ++chance_.counts["late batch applied"];
    return done;
  });
}

/// PostgreSQL's clock does not move with ours: what is left of the time does.
bool Lambda::handle(Ingest& handler, const std::string& event, std::chrono::nanoseconds left) {
  const auto deadline = std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::system_clock::duration>(left);
  try {
    handler.handle(event, deadline);
    return true;
  } catch (const Error& error) {
    const bool expected = error.kind() == Error::Kind::transient ||
                          error.kind() == Error::Kind::fenced || error.kind() == Error::Kind::gone;
    if (!expected) throw;
    ++chance_.counts[error.kind() == Error::Kind::fenced ? "invocation refused: a daemon follows"
                                                         : "invocation failed"];
    return false;
  }
}

bool Lambda::held_up(const Table& table) {
  return std::ranges::any_of(waiting(table), [&](const Waiting& from) {
    return from.shard->records[from.position->next].time < chance_.now() - kHeldUp;
  });
}

std::chrono::seconds Lambda::record_age(Micros since) const {
  std::chrono::seconds longest{};
  for (const auto& [given, age] : ages_)
    if (given >= since) longest = std::max(longest, age);
  return longest;
}

}  // namespace dynamite::sim
