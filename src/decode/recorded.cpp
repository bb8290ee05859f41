#include "decode/recorded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <ranges>
#include <utility>

#include "core/error.hpp"
#include "decode/change_reader.hpp"
#include "decode/event.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

[[noreturn]] void refuse_document(const Event& event) {
  throw Error{Error::Kind::usage, why_no_event(event),
              std::string{event.foreign == nullptr ? kTakenHint : event.foreign->hint}};
}

/// A JSON string's contents, or JSON as it is.
std::string_view unwrapped(std::string_view value, ChangeReader& reader) {
  if (!value.starts_with('"')) return value;
  std::string text;
  append_unescaped(text, value.substr(1, value.size() - 2));
  return reader.add_page(std::move(text));
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

/// Whether the record has members that only records of Kinesis have.
bool is_of_kinesis(const Rejected& rejected) {
  const auto has = [&](std::string_view name) {
    return rejected.record.find(name) != std::string_view::npos;
  };
  return has("\"recordFormat\"") || (has("\"PartitionKey\"") && has("\"Data\""));
}

/// The MessageId of a message; empty if it has none.
std::string message_id(std::string_view value) {
  std::string id;
  JsonScanner scanner{value};
  if (scanner.peek() != '{') return id;
  scan_object(scanner, [&](std::string_view name) {
    const std::string_view member = scanner.skip_value();
    if ((token_is(name, "MessageId") || token_is(name, "messageId")) && member.starts_with('"'))
      append_unescaped(id, member.substr(1, member.size() - 2));
  });
  return id;
}

/// Reads documents: their records into a ChangeReader, all else into a Recorded.
class DocumentReader {
 public:
  DocumentReader(Recorded& recorded, ChangeReader& reader, std::size_t first_line)
      : recorded_{recorded}, reader_{reader}, first_line_{first_line} {}

  /// Reads a document of the page, or a list of documents.
  void read_next(JsonScanner& scanner) {
    scanner.peek();
    depth_ = 0;
    read_or_name(scanner, "");
  }

 private:
  /// A strange document is named, and nothing of it stays.
  void read_or_name(JsonScanner& scanner, const std::string& element) {
    const char next = scanner.peek();
    const char* const begin = scanner.position();
    const ChangeReader::Mark mark = reader_.mark();
    const std::size_t ranges = recorded_.ranges.size();
    if (is_of_page(begin)) outermost_ = begin;
    const int depth = depth_;
    std::optional<Error> failure;
    try {
      // A list nested more deeply is read as an object, and so refused.
      return next == '[' && depth_ < kListDepthMax ? read_list(scanner) : read(scanner);
    } catch (const Error& error) {
      const bool broken_object = error.kind() == Error::Kind::poison && next == '{';
      if ((broken_object && element.empty()) ||
          (error.kind() != Error::Kind::usage && error.kind() != Error::Kind::poison))
        throw;
      failure = error;
    }
    depth_ = depth;
    scanner.go_to(begin);
    const std::string_view value = skip_or_throw(scanner, *failure);
    reader_.undo(mark);
    recorded_.ranges.resize(ranges);
    if (failure->kind() == Error::Kind::poison && next == '{')
      reader_.reject(value, failure->what());
    else
      name_strange(value, element, *failure);
  }

  /// The value before `scanner`. Throws `failure` if the end of the value cannot be found.
  static std::string_view skip_or_throw(JsonScanner& scanner, const Error& failure) {
    try {
      return scanner.skip_value();
    } catch (const Error&) {
      throw failure;
    }
  }

  void read_list(JsonScanner& scanner) {
    std::size_t number = 0;
    ++depth_;
    scan_array(scanner, [&] { read_or_name(scanner, fmt::format(", element {}", ++number)); });
    --depth_;
  }

  void name_strange(std::string_view value, const std::string& element, const Error& failure) {
    const std::string_view page = reader_.page();
    const std::string_view before =
        page.substr(0, static_cast<std::size_t>(outermost_ - page.data()));
    const auto line = first_line_ + static_cast<std::size_t>(std::ranges::count(before, '\n'));
    const std::string id = message_id(value);
    recorded_.strange.push_back(
        {.place = fmt::format("line {}{}", line,
                              id.empty() ? element : fmt::format(", MessageId \"{}\"", id)),
         .what = failure.what(),
         .hint = failure.hint().empty() ? std::string{kTakenHint} : failure.hint()});
  }

  bool is_of_page(const char* position) const {
    const std::string_view page = reader_.page();
    return std::greater_equal<>{}(position, page.data()) &&
           std::less_equal<>{}(position, page.data() + page.size());
  }

  void read(JsonScanner& scanner) {
    scanner.peek();
    const char* const begin = scanner.position();
    const ChangeReader::Mark mark = reader_.mark();
    const Event event = read_event(scanner, reader_);
    if (event.has_records) return require_streams(mark);
    if (!event.payload.empty()) return read_whole(event.payload);
    if (!event.batch_info.empty()) {
      recorded_.ranges.push_back(read_range(event.batch_info));
      return;
    }
    if (!event.wrapped.empty()) return read_wrapped(event.wrapped);
    if (!event.has_record_body || event.foreign != nullptr) refuse_document(event);
    scanner.go_to(begin);
    reader_.read(scanner);
    require_streams(mark);
  }

  /// A record that names no stream belongs to no replica, and cannot become a dead letter.
  void require_streams(const ChangeReader::Mark& before) const {
    const auto rejected = std::views::transform(
        reader_.rejected_since(before),
        [](const auto& of_table) -> const Rejected& { return of_table.first; });
    if (reader_.has_changes_since(before) || rejected.empty()) return;
    const bool nameless = std::ranges::all_of(
        rejected, [](const Rejected& record) { return record.reason == kNoStreamNamed; });
    if (!nameless && !reader_.assumes_stream()) return;
    if (std::ranges::any_of(rejected, is_of_kinesis))
      throw Error{Error::Kind::usage, "event holds records of a Kinesis data stream",
                  std::string{kKinesisHint}};
    if (nameless)
      throw Error{Error::Kind::usage,
                  "records do not name their stream: they have no eventSourceARN, as in the output "
                  "of `aws dynamodbstreams get-records`",
                  "name it with --stream-arn; `aws dynamodbstreams list-streams` shows it"};
  }

  /// A document within another, as an object or as a string.
  void read_whole(std::string_view value) {
    JsonScanner scanner{unwrapped(value, reader_)};
    if (scanner.peek() == '[')
      read_list(scanner);
    else
      read(scanner);
    scanner.expect_end();
  }

  /// The list of `aws sqs receive-message`, or what a message wraps.
  void read_wrapped(std::string_view value) {
    if (!value.starts_with('[')) return read_whole(value);
    JsonScanner scanner{value};
    read_list(scanner);
  }

  Recorded& recorded_;
  ChangeReader& reader_;
  const std::size_t first_line_;
  static constexpr int kListDepthMax = 8;
  int depth_ = 0;                    // of lists within lists
  const char* outermost_ = nullptr;  // in the page: where the document begins that is read
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
void read_document_or_line(JsonScanner& scanner, DocumentReader& documents, ChangeReader& reader) {
  scanner.peek();
  const char* const begin = scanner.position();
  try {
    documents.read_next(scanner);
  } catch (const Error& error) {
    const auto line = broken_line(reader.page(), begin);
    if (error.kind() != Error::Kind::poison || !line) throw;
    reader.reject(*line, error.what());
    scanner.go_to(line->data() + line->size());
  }
}

}  // namespace

Recorded decode_recorded(std::shared_ptr<const std::string> text, const KnownTables& tables,
                         const RecordedOptions& options) {
  Recorded recorded;
  ChangeReader reader{std::move(text), tables};
  reader.assume_stream(options.stream_arn);
  read_input("input", reader, [&] {
    require_utf8(reader.page());
    DocumentReader documents{recorded, reader, options.first_line};
    JsonScanner scanner{reader.page()};
    while (!scanner.at_end()) read_document_or_line(scanner, documents, reader);
    recorded.batches = reader.take_batches();
  });
  if (!reader.unknown_tables().empty())
    return {.batches = {}, .ranges = {}, .strange = {}, .unknown_tables = reader.unknown_tables()};
  return recorded;
}

}  // namespace dynamite
