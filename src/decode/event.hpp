#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "decode/change_reader.hpp"
#include "json/scanner.hpp"

namespace dynamite {

inline constexpr std::string_view kTakenHint =
    "`dynamite apply` takes records of DynamoDB streams: `dynamite apply --help` lists in which "
    "forms";
inline constexpr std::string_view kKinesisHint =
    "Kinesis orders no records of a key and has no sequence numbers of the stream: follow the "
    "table's own stream, or run `dynamite snapshot`";

/// Events that are no stream events, by a member that only they have.
struct Foreign {
  std::string_view member;
  std::string_view what;
  std::string_view hint = kTakenHint;
};

/// What an object that should be an event turned out to be.
struct Event {
  bool has_records = false;
  bool has_record_body = false;
  const Foreign* foreign = nullptr;
  // Raw, of an on-failure destination.
  std::string_view payload;     ///< S3: the event that Lambda gave up
  std::string_view batch_info;  ///< where its records are
  std::string_view wrapped;     ///< SQS, SNS: the messages, or what the message says
};

/// Reads the object that `scanner` stands before, and the records in it.
Event read_event(JsonScanner& scanner, ChangeReader& reader);

/// Why an object without Records is no stream event.
std::string why_no_event(const Event& event);

/// Runs `read`, which gives `reader` all records of `what`. An input that is not JSON is the
/// sender's fault: Error{usage} in place of Error{poison}. If a table is unknown, an error behind
/// its record is passed over: it comes again when the table is known and all is decoded again.
template <class Read>
void read_input(std::string_view what, const ChangeReader& reader, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    if (!reader.unknown_tables().empty()) return;
    if (error.kind() != Error::Kind::poison) throw;
    throw Error{Error::Kind::usage, fmt::format("{} is {}", what, error.what())};
  }
}

}  // namespace dynamite
