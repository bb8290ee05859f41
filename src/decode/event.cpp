#include "decode/event.hpp"

#include <fmt/format.h>

#include <array>

namespace dynamite {
namespace {

constexpr std::string_view kSnapshotHint = "`dynamite snapshot` copies a table as it is now";

constexpr std::array kForeign{
    Foreign{"DDBStreamBatchInfo",
            "an on-failure report of a DynamoDB stream without its records, which only the "
            "destination S3 keeps"},
    Foreign{"KinesisBatchInfo", "an on-failure report of a Kinesis stream", kKinesisHint},
    Foreign{"recordFormat", "a record of a Kinesis data stream", kKinesisHint},
    Foreign{"kinesis", "a record of a Kinesis data stream", kKinesisHint},
    Foreign{"Item", "a line of a table export", kSnapshotHint},
    Foreign{"Metadata", "a line of an incremental table export", kSnapshotHint},
    Foreign{"exportArn", "the manifest of a table export", kSnapshotHint},
    Foreign{"dataFileS3Key", "the manifest of a table export", kSnapshotHint},
    Foreign{"Items", "the output of a scan or query", kSnapshotHint},
    Foreign{"StreamDescription", "the description of a stream"},
    Foreign{"detail-type", "an EventBridge event"},
    Foreign{"httpMethod", "an HTTP request"},
    Foreign{"rawPath", "an HTTP request"},
};

}  // namespace

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
      if (token_is(name, foreign.member)) event.foreign = &foreign;
  });
  return event;
}

std::string why_no_event(const Event& event) {
  return event.foreign == nullptr
             ? std::string{"event is no DynamoDB stream event: it has no Records"}
             : fmt::format("event is no DynamoDB stream event, but {}", event.foreign->what);
}

}  // namespace dynamite
