#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "core/json_text.hpp"
#include "decode/change_reader.hpp"
#include "decode/decode.hpp"

namespace dynamite {
namespace {

/// Events that are no stream events, by a member that only they have.
struct Foreign {
  std::string_view member;
  std::string_view what;
};

constexpr std::array kForeign{
    Foreign{"DDBStreamBatchInfo",
            "an on-failure report of a DynamoDB stream without its records, which only the "
            "destination S3 keeps"},
    Foreign{"KinesisBatchInfo", "an on-failure report of a Kinesis stream"},
    Foreign{"detail-type", "an EventBridge event"},
    Foreign{"httpMethod", "an HTTP request"},
    Foreign{"rawPath", "an HTTP request"},
};

/// What the outermost object of an input turned out to be.
struct Event {
  bool has_records = false;
  bool has_record_body = false;
  std::string_view foreign;
  // Raw, of an on-failure destination.
  std::string_view payload;     ///< S3: the event that Lambda gave up
  std::string_view batch_info;  ///< where its records are
  std::string_view wrapped;     ///< SQS, SNS: the messages, or what the message says
};

/// Reads the object that `scanner` stands before, and the records in it.
Event read_event(JsonScanner& scanner, ChangeReader& reader) {
  Event event;
  scan_object(scanner, [&](std::string_view name) {
    if (token_is(name, "Records")) {
      if (event.has_records)
        throw Error{Error::Kind::poison, "Records of the event is there twice"};
      event.has_records = true;
      scan_array(scanner, [&] { reader.read(scanner); });
      return;
    }
    const std::string_view value = scanner.skip_value();
    event.has_record_body |= token_is(name, "dynamodb");
    if (token_is(name, "payload")) event.payload = value;
    if (token_is(name, "DDBStreamBatchInfo")) event.batch_info = value;
    for (const char* wrapping : {"Messages", "Body", "Message"})
      if (token_is(name, wrapping)) event.wrapped = value;
    for (const Foreign& foreign : kForeign)
      if (token_is(name, foreign.member)) event.foreign = foreign.what;
  });
  return event;
}

[[noreturn]] void refuse(const Event& event) {
  const std::string hint = "the function's event source must be the stream of a DynamoDB table";
  if (event.foreign.empty())
    throw Error{Error::Kind::usage, "event is no DynamoDB stream event: it has no Records", hint};
  throw Error{Error::Kind::usage,
              fmt::format("event is no DynamoDB stream event, but {}", event.foreign), hint};
}

/// Runs `read`, for which an input that is not JSON is the sender's fault.
template <class Read>
void read_as_usage(const char* what, Read read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    throw Error{Error::Kind::usage, fmt::format("{} is {}", what, error.what())};
  }
}

/// A JSON string's contents, or JSON as it is.
std::string_view unwrapped(std::string_view value, Batch& batch) {
  if (!value.starts_with('"')) return value;
  std::string text;
  append_unescaped(text, value.substr(1, value.size() - 2));
  return keep_key(batch, text);
}

RecordRange read_range(std::string_view batch_info) {
  RecordRange range;
  JsonScanner scanner{batch_info};
  scan_object(scanner, [&](std::string_view name) {
    const std::string_view value = scanner.skip_value();
    for (const auto& [member, text] : {std::pair{"streamArn", &range.stream_arn},
                                       {"shardId", &range.shard_id},
                                       {"startSequenceNumber", &range.first_sequence_number},
                                       {"endSequenceNumber", &range.last_sequence_number}})
      if (token_is(name, member) && value.starts_with('"'))
        append_unescaped(*text, value.substr(1, value.size() - 2));
  });
  if (range.stream_arn.empty() || range.shard_id.empty() || range.first_sequence_number.empty() ||
      range.last_sequence_number.empty())
    throw Error{Error::Kind::poison,
                "an on-failure report without streamArn, shardId, startSequenceNumber or "
                "endSequenceNumber"};
  return range;
}

/// Reads documents of recorded events into what they come to.
class DocumentReader {
 public:
  DocumentReader(Recorded& recorded, ChangeReader& reader) : recorded_{recorded}, reader_{reader} {}

  void read(JsonScanner& scanner) {
    scanner.peek();
    const char* const begin = scanner.position();
    const Event event = read_event(scanner, reader_);
    if (event.has_records) return;
    if (!event.payload.empty()) return read_whole(event.payload);
    if (!event.batch_info.empty()) {
      recorded_.ranges.push_back(read_range(event.batch_info));
      return;
    }
    if (!event.wrapped.empty()) return read_wrapped(event.wrapped);
    if (!event.has_record_body) refuse(event);
    scanner.go_to(begin);
    reader_.read(scanner);
  }

 private:
  /// A document within another, as an object or as a string.
  void read_whole(std::string_view value) {
    JsonScanner scanner{unwrapped(value, recorded_.batch)};
    read(scanner);
    scanner.expect_end();
  }

  /// The list of `aws sqs receive-message`, or what a message wraps.
  void read_wrapped(std::string_view value) {
    if (!value.starts_with('[')) return read_whole(value);
    JsonScanner scanner{value};
    scan_array(scanner, [&] { read(scanner); });
  }

  Recorded& recorded_;
  ChangeReader& reader_;
};

/// The line that begins at `begin`, if the text goes on as JSON lines do: with an object, or not at
/// all.
std::optional<std::string_view> broken_line(std::string_view page, const char* begin) {
  const std::string_view rest = page.substr(static_cast<std::size_t>(begin - page.data()));
  const std::size_t size = std::min(rest.find('\n'), rest.size());
  const std::size_t next = rest.find_first_not_of("\r\n", size);
  if (next != std::string_view::npos && rest[next] != '{') return std::nullopt;
  return rest.substr(0, size);
}

/// Reads a document; if it is a broken line of JSON lines, sets the line aside.
void read_document_or_line(JsonScanner& scanner, Recorded& recorded, ChangeReader& reader) {
  scanner.peek();
  const char* const begin = scanner.position();
  try {
    DocumentReader{recorded, reader}.read(scanner);
  } catch (const Error& error) {
    const auto line = broken_line(recorded.batch.pages.front(), begin);
    if (error.kind() != Error::Kind::poison || !line) throw;
    reader.reject(*line, error.what());
    scanner.go_to(line->data() + line->size());
  }
}

}  // namespace

Batch decode_lambda_event(std::string page, const TableLookup& lookup) {
  Batch batch;
  read_as_usage("event", [&] {
    batch = open_batch(std::move(page));
    ChangeReader reader{batch, lookup};
    JsonScanner scanner{batch.pages.front()};
    const Event event = read_event(scanner, reader);
    scanner.expect_end();
    if (!event.has_records) refuse(event);
    reader.finish();
  });
  return batch;
}

Recorded decode_recorded(std::string page, const TableLookup& lookup) {
  Recorded recorded;
  read_as_usage("input", [&] {
    recorded.batch = open_batch(std::move(page));
    ChangeReader reader{recorded.batch, lookup};
    JsonScanner scanner{recorded.batch.pages.front()};
    while (!scanner.at_end()) read_document_or_line(scanner, recorded, reader);
    reader.finish();
  });
  return recorded;
}

}  // namespace dynamite
