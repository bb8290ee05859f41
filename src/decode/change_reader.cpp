#include "decode/change_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "decode/record_time.hpp"
#include "json/item_key.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kEventSource = "aws:dynamodb";
constexpr std::size_t kSequenceDigitsMax = 40;
constexpr std::size_t kRejectedMax = 100'000;  // an event of Lambda has 10,000 records at most

[[noreturn]] void fail(const std::string& why) { throw Error{Error::Kind::poison, why}; }

bool is_sequence_number(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kSequenceDigitsMax &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string unescaped(std::string_view token) {
  std::string text;
  append_unescaped(text, token);
  return text;
}

void check_event_source(const StreamRecord& record) {
  constexpr std::size_t kShownLengthMax = 64;
  if (!is_present(record.event_source) || token_is(record.event_source, kEventSource)) return;
  throw Error{Error::Kind::usage,
              fmt::format("event comes from \"{}\", but a replica is fed by \"{}\"",
                          unescaped(record.event_source).substr(0, kShownLengthMax), kEventSource),
              "make the stream of the DynamoDB table the function's event source"};
}

void check_image(const StreamRecord& record) {
  if (!token_is(record.event_name, "INSERT") && !token_is(record.event_name, "MODIFY"))
    fail("eventName of the record is none of INSERT, MODIFY, REMOVE");
  if (is_present(record.new_image)) return;
  // The item is read back before the change is applied.
  const std::string view_type = unescaped(record.view_type);
  if (view_type != "KEYS_ONLY" && view_type != "OLD_IMAGE")
    fail("NewImage of the record is missing");
}

/// Absent: the record has no time that can be read.
std::optional<Micros> time_of(const StreamRecord& record) {
  return is_present(record.time) ? parse_record_time(record.time) : std::nullopt;
}

Micros now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::optional<std::string_view> old_image_of(const StreamRecord& record) {
  if (is_present(record.old_image)) return record.old_image;
  if (token_is(record.event_name, "INSERT")) return std::string_view{};
  return std::nullopt;
}

StreamArn parse_source_arn(const std::string& stream_arn) {
  try {
    return parse_stream_arn(stream_arn);
  } catch (const Error& error) {
    // The sender of such events is at fault, not this record.
    throw Error{Error::Kind::usage, fmt::format("eventSourceARN {}", error.what())};
  }
}

}  // namespace

void require_utf8(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) fail("not JSON: the text is not UTF-8");
}

ChangeReader::ChangeReader(std::shared_ptr<const std::string> page, const KnownTables& tables)
    : tables_{&tables}, pages_{std::move(page)} {}

ChangeReader::ChangeReader(std::shared_ptr<const std::string> page,
                           std::shared_ptr<const SourceTable> table, std::uint64_t generation)
    : pages_{std::move(page)}, generation_{generation}, table_{index_of(std::move(table))} {}

void ChangeReader::read(JsonScanner& scanner) {
  scanner.peek();
  const char* const begin = scanner.position();
  StreamRecord record;
  try {
    read_stream_record(scanner, record);
    find_table(record);
    if (unknown_tables_.empty()) add(make_change(scanner.since(begin), record));
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    scanner.go_to(begin);
    reject(scanner.skip_broken_value(), error.what(), record);
  }
  if (is_sequence_number(record.sequence_number)) last_sequence_number_ = record.sequence_number;
}

void ChangeReader::reject(std::string_view record, std::string reason,
                          const StreamRecord& members) {
  if (is_present(members.stream_arn)) find_table(members);
  if (rejected_.size() == kRejectedMax)
    throw Error{Error::Kind::usage,
                fmt::format("more than {} records are malformed; the first is refused because: {}",
                            kRejectedMax, rejected_.front().first.reason),
                "these are no stream records"};
  const bool numbered = is_sequence_number(members.sequence_number);
  Rejected rejected{
      .record = record,
      .reason = std::move(reason),
      .sequence_number = numbered ? std::string{members.sequence_number} : std::string{},
      .key = std::string{key_if_readable(members)},
      .version = numbered ? Version{generation_, members.sequence_number} : Version{}};
  // Before any table is known, 0 is right too: it is the index of the first table.
  rejected_.emplace_back(std::move(rejected), table_);
}

/// Empty: the key cannot be read.
std::string_view ChangeReader::key_if_readable(const StreamRecord& members) {
  if (batches_.empty() || !is_present(members.keys)) return {};
  try {
    return read_key_of(members);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    return {};
  }
}

void ChangeReader::add(Change change) {
  if (runs_.empty() || runs_.back().table != table_)
    runs_.push_back({.begin = changes_.size(), .table = table_});
  changes_.push_back(change);
}

void ChangeReader::undo(const Mark& since) {
  changes_.resize(since.changes);
  rejected_.resize(since.rejected);
  while (!runs_.empty() && runs_.back().begin >= since.changes) runs_.pop_back();
}

std::vector<Batch> ChangeReader::take_batches() {
  if (batches_.empty() && !rejected_.empty())
    throw Error{Error::Kind::usage,
                fmt::format("no stream record tells its table; the first is refused because: {}",
                            rejected_.front().first.reason)};
  deal_changes();
  for (auto& [rejected, table] : rejected_) batches_[table].rejected.push_back(std::move(rejected));
  for (Batch& batch : batches_) batch.pages = pages_;
  return std::move(batches_);
}

void ChangeReader::deal_changes() {
  if (batches_.size() == 1) {
    batches_.front().changes = std::move(changes_);
    return;
  }
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::size_t end = i + 1 < runs_.size() ? runs_[i + 1].begin : changes_.size();
    const auto run = std::span{changes_}.subspan(runs_[i].begin, end - runs_[i].begin);
    auto& changes = batches_[runs_[i].table].changes;
    changes.insert(changes.end(), run.begin(), run.end());
  }
}

std::string_view ChangeReader::add_page(std::string text) {
  return *pages_.emplace_back(std::make_shared<const std::string>(std::move(text)));
}

/// The index of the batch of `table`, which is made if it is new.
std::size_t ChangeReader::index_of(std::shared_ptr<const SourceTable> table) {
  const auto known = std::ranges::find(batches_, table, &Batch::table);
  const auto index = static_cast<std::size_t>(known - batches_.begin());
  if (known == batches_.end()) batches_.emplace_back().table = std::move(table);
  return index;
}

void ChangeReader::find_table(const StreamRecord& record) {
  if (tables_ == nullptr) return;
  check_event_source(record);
  const bool named = is_present(record.stream_arn);
  if (!named && assumed_stream_arn_.empty()) fail(std::string{kNoStreamNamed});
  const std::string_view token = named ? record.stream_arn : std::string_view{assumed_stream_arn_};
  if (is_present(stream_arn_) && token == stream_arn_) return;
  const StreamArn stream = parse_source_arn(unescaped(token));
  generation_ = stream.generation;
  enter_table(stream.table_arn);
  stream_arn_ = token;
}

/// The next changes are of that table.
void ChangeReader::enter_table(const std::string& table_arn) {
  const auto known = tables_->find(table_arn);
  if (known != tables_->end())
    table_ = index_of(known->second);
  else if (std::ranges::find(unknown_tables_, table_arn) == unknown_tables_.end())
    unknown_tables_.push_back(table_arn);
}

Change ChangeReader::make_change(std::string_view text, const StreamRecord& record) {
  if (!is_present(record.event_name)) fail("eventName of the record is missing");
  const bool removed = token_is(record.event_name, "REMOVE");
  if (!removed) check_image(record);
  if (!is_present(record.sequence_number)) fail("SequenceNumber of the record is missing");
  const std::optional<Micros> time = time_of(record);
  return {.key = read_key_of(record),
          .image = removed ? std::string_view{} : record.new_image,
          .old_image = old_image_of(record),
          .record = text,
          .version = Version{generation_, record.sequence_number},
          .time = time ? *time : now(),
          .time_is_unknown = !time,
          .kind = removed ? ChangeKind::remove : ChangeKind::put,
          .removal = removed && is_expiry(record) ? Removal::expired : Removal::removed};
}

std::string_view ChangeReader::read_key_of(const StreamRecord& record) {
  if (!is_present(record.keys)) fail("Keys of the record is missing");
  const KeySchema& key_schema = batches_[table_].table->key_schema;
  JsonScanner scanner{record.keys};
  key_.clear();
  const std::size_t attributes = read_key(scanner, key_schema, key_);
  // The record has more key attributes than the schema: the table was made anew with another key,
  // and two of its items would be one here.
  if (attributes != (key_schema.sort ? 2U : 1U))
    fail("Keys of the record has other attributes than the key schema of the table");
  return batches_[table_].keep(key_);
}

}  // namespace dynamite
