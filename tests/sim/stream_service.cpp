#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "json/text.hpp"
#include "sim/service.hpp"
#include "sim/service_json.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kIteratorLife = 15min;
constexpr std::size_t kPageBytesMax = 1U << 20U;
constexpr std::uint64_t kRecordsMax = 1'000;

/// What stands in an iterator, which is opaque to its user.
struct Iterator {
  std::string stream_arn;
  std::string shard_id;
  std::size_t next = 0;  ///< number of the record within its shard
  std::int64_t issued = 0;
  bool trimmed = false;  ///< to be refused when it is used

  std::string text() const {
    return fmt::format("{}|{}|{}|{}|{}", stream_arn, shard_id, next, issued, trimmed ? 1 : 0);
  }
};

Iterator parse_iterator(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('|', from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  if (parts.size() != 5) throw Refusal{"ValidationException", "Invalid ShardIterator"};
  return {parts[0], parts[1], std::stoull(parts[2]), std::stoll(parts[3]), parts[4] == "1"};
}

const Shard& shard_of(const Stream& stream, const std::string& id) {
  const Shard* shard = stream.find(id);
  if (shard == nullptr)
    throw Refusal{"ResourceNotFoundException", "Requested resource not found: Shard " + id};
  return *shard;
}

[[noreturn]] void refuse_trimmed() {
  throw Refusal{"TrimmedDataAccessException",
                "The operation attempted to read past the oldest stream record in a shard."};
}

/// The number of the first record that the request wants.
std::size_t first_wanted(const Shard& shard, const std::string& type, const std::string& number) {
  if (type == "TRIM_HORIZON") return shard.trimmed;
  if (type == "LATEST") return shard.records.size();
  const bool within =
      compare_sequence_numbers(number, shard.starting_sequence_number) >= 0 &&
      (shard.open() || compare_sequence_numbers(number, shard.ending_sequence_number) <= 0);
  if (!within)
    throw Refusal{"ValidationException", "SequenceNumber is not within the shard's range"};
  const bool after = type == "AFTER_SEQUENCE_NUMBER";
  const auto first = std::ranges::find_if(shard.records, [&](const StreamRecord& record) {
    const int order = compare_sequence_numbers(record.sequence_number, number);
    return after ? order > 0 : order >= 0;
  });
  return static_cast<std::size_t>(first - shard.records.begin());
}

std::string shard_json(const Shard& shard, Micros now) {
  const bool listed_closed = !shard.open() && shard.listed_closed_at <= now;
  const std::string parent =
      shard.parent.empty() ? "" : fmt::format(R"("ParentShardId":"{}",)", shard.parent);
  const std::string end =
      listed_closed ? fmt::format(R"(,"EndingSequenceNumber":"{}")", shard.ending_sequence_number)
                    : "";
  return fmt::format(
      R"({{"ShardId":"{}",{}"SequenceNumberRange":{{"StartingSequenceNumber":"{}"{}}}}})", shard.id,
      parent, shard.starting_sequence_number, end);
}

/// Counts the contradictions that a listing holds.
void count_oddities(const std::vector<const Shard*>& listed, Chance& chance) {
  for (const Shard* shard : listed) {
    const bool listed_closed = !shard->open() && shard->listed_closed_at <= chance.now();
    const bool has_child = std::ranges::find(listed, shard->id, &Shard::parent) != listed.end();
    if (has_child && !listed_closed) ++chance.counts["open parent listed with its child"];
    if (!has_child && listed_closed) ++chance.counts["closed shard listed without its children"];
  }
}

}  // namespace

std::string Service::dispatch_stream(std::string_view operation, Element input) {
  if (operation == "ListStreams") return list_streams(input);
  if (operation == "DescribeStream") return describe_stream(input);
  if (operation == "GetShardIterator") return get_shard_iterator(input);
  if (operation == "GetRecords") return get_records(input);
  throw Refusal{"UnknownOperationException", "not simulated: " + std::string{operation}};
}

Stream& Service::stream_of(const std::string& arn) {
  for (auto& [name, table] : tables_)
    if (Stream* stream = table.find_stream(arn)) return *stream;
  for (Table& table : deleted_)
    if (Stream* stream = table.find_stream(arn)) return *stream;
  throw Refusal{"ResourceNotFoundException", "Requested resource not found: Stream: " + arn};
}

std::string Service::list_streams(Element input) {
  const std::string name = text_of(input, "TableName");
  std::string list;
  for (const auto& [table_name, table] : tables_)
    for (const Stream& stream : table.streams())
      if (name.empty() || name == table_name)
        list += fmt::format(R"({}{{"StreamArn":"{}","TableName":{},"StreamLabel":"{}"}})",
                            list.empty() ? "" : ",", stream.identity().arn, json_string(table_name),
                            stream.identity().label);
  return fmt::format(R"({{"Streams":[{}]}})", list);
}

std::string Service::describe_stream(Element input) {
  const Stream& stream = stream_of(text_of(input, "StreamArn"));
  const Micros now = chance_.now();
  std::vector<const Shard*> listed;
  for (const Shard& shard : stream.shards())
    if (shard.listed_at <= now) listed.push_back(&shard);
  if (stream.enabled()) count_oddities(listed, chance_);
  // In the order of the ids' last part, which promises nothing about time.
  std::ranges::sort(listed, {},
                    [](const Shard* shard) { return shard->id.substr(29) + shard->id; });
  const std::string start = text_of(input, "ExclusiveStartShardId");
  auto from = listed.begin();
  if (!start.empty()) from = std::ranges::find(listed, start, &Shard::id);
  if (from != listed.end() && !start.empty()) ++from;
  const auto limit =
      std::min<std::size_t>(number_of(input, "Limit", 100), chance_.irregularities.listing_max);
  std::string shards, last;
  for (std::size_t count = 0; from != listed.end() && count < limit; ++from, ++count) {
    shards += (shards.empty() ? "" : ",") + shard_json(**from, now);
    last = (*from)->id;
  }
  if (from != listed.end()) ++chance_.counts["listing of shards in pages"];
  const std::string more =
      from == listed.end() ? "" : fmt::format(R"(,"LastEvaluatedShardId":"{}")", last);
  return fmt::format(
      R"({{"StreamDescription":{{"StreamArn":"{}","StreamLabel":"{}","StreamStatus":"{}",)"
      R"("StreamViewType":"{}","Shards":[{}]{}}}}})",
      stream.identity().arn, stream.identity().label, stream.enabled() ? "ENABLED" : "DISABLED",
      stream.identity().view_type, shards, more);
}

std::string Service::get_shard_iterator(Element input) {
  const std::string arn = text_of(input, "StreamArn");
  const Shard& shard = shard_of(stream_of(arn), text_of(input, "ShardId"));
  const std::string type = text_of(input, "ShardIteratorType");
  const std::string number = text_of(input, "SequenceNumber");
  const bool by_number = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
  if (!by_number && type != "TRIM_HORIZON" && type != "LATEST")
    throw Refusal{"ValidationException", "ShardIteratorType: " + type};
  if (by_number == number.empty())
    throw Refusal{"ValidationException", "SequenceNumber does not fit to the ShardIteratorType"};
  Iterator iterator{.stream_arn = arn,
                    .shard_id = shard.id,
                    .next = first_wanted(shard, type, number),
                    .issued = chance_.now().time_since_epoch().count()};
  // The position itself is gone, or records behind it are.
  if (by_number && shard.trimmed > 0 &&
      compare_sequence_numbers(number, shard.records[shard.trimmed - 1].sequence_number) <= 0) {
    ++chance_.counts["trimmed position"];
    if (!chance_.happens(chance_.irregularities.moved_trim_percent,
                         "trimmed position that only GetRecords refuses"))
      refuse_trimmed();
    iterator.trimmed = true;
  }
  return fmt::format(R"({{"ShardIterator":"{}"}})", iterator.text());
}

std::string Service::get_records(Element input) {
  Iterator iterator = parse_iterator(text_of(input, "ShardIterator"));
  const Shard& shard = shard_of(stream_of(iterator.stream_arn), iterator.shard_id);
  const Micros issued{std::chrono::microseconds{iterator.issued}};
  if (chance_.now() - issued > kIteratorLife) {
    ++chance_.counts["iterator expired"];
    throw Refusal{"ExpiredIteratorException", "Iterator is older than 15 minutes"};
  }
  if (iterator.trimmed || iterator.next < shard.trimmed) refuse_trimmed();
  const Irregularities& irregular = chance_.irregularities;
  std::uint64_t limit = std::min(number_of(input, "Limit", kRecordsMax), kRecordsMax);
  const bool more = iterator.next < shard.records.size();
  if (more && chance_.happens(irregular.short_page_percent, "short page of records"))
    limit = 1 + chance_.below(3);
  if (more && chance_.happens(irregular.empty_page_percent, "empty page before records")) limit = 0;
  std::string records;
  for (; limit > 0 && iterator.next < shard.records.size() && records.size() < kPageBytesMax;
       --limit)
    records += (records.empty() ? "" : ",") + shard.records[iterator.next++].json;
  const bool at_end = !shard.open() && iterator.next == shard.records.size();
  if (at_end &&
      !chance_.happens(irregular.late_end_percent, "end of a shard on a page of its own")) {
    if (!records.empty()) ++chance_.counts["last page with records"];
    return fmt::format(R"({{"Records":[{}]}})", records);
  }
  iterator.issued = chance_.now().time_since_epoch().count();
  return fmt::format(R"({{"Records":[{}],"NextShardIterator":"{}"}})", records, iterator.text());
}

}  // namespace dynamite::sim
