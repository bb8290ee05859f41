#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

#include "decode/records.hpp"
#include "ingest/ingest.hpp"
#include "json/text.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

inline std::string stream_of(const std::string& table,
                             const std::string& label = "2026-01-15T12:00:00.123") {
  return fmt::format("arn:aws:dynamodb:us-east-1:111122223333:table/{}/stream/{}", table, label);
}

inline std::string record_of(const std::string& event_name, const std::string& stream_arn,
                             const std::string& keys, const std::string& image,
                             std::uint64_t sequence_number) {
  RecordText record;
  record.name = json_string(event_name);
  record.arn = json_string(stream_arn);
  record.keys = keys;
  record.new_image = image;
  record.sequence_number = fmt::format("\"{}\"", sequence_number);
  return record.json();
}

/// Records of the table `orders`, whose key is the string pk.
inline std::string put_record(const std::string& key, std::uint64_t sequence_number,
                              const std::string& stream_arn = stream_of("orders")) {
  return record_of("MODIFY", stream_arn, fmt::format(R"({{"pk":{{"S":"{}"}}}})", key),
                   item(key, std::to_string(sequence_number)), sequence_number);
}

inline std::string remove_record(const std::string& key, std::uint64_t sequence_number) {
  return record_of("REMOVE", stream_of("orders"), fmt::format(R"({{"pk":{{"S":"{}"}}}})", key), "",
                   sequence_number);
}

inline std::string put_event(const std::string& key, std::uint64_t sequence_number) {
  return event_of({put_record(key, sequence_number)});
}

inline std::string remove_event(const std::string& key, std::uint64_t sequence_number) {
  return event_of({remove_record(key, sequence_number)});
}

class IngestTest : public ReplicaTest {
 protected:
  /// Of an Ingest whose connections call themselves `name` and the test's schema.
  IngestOptions options(const std::string& name = "ingest") const {
    return {.connect = {.conninfo = url(), .application_name = application(name)},
            .state_schema = state_schema(),
            .apply = {},
            .create_replica = {}};
  }

  std::string application(const std::string& name = "ingest") const {
    return name + "/" + schema();
  }

  static IngestOutcome handle(Ingest& ingest, std::string event,
                              std::chrono::milliseconds time = std::chrono::seconds{60}) {
    return ingest.handle(std::move(event), std::chrono::system_clock::now() + time);
  }

  /// Ends the server's side of the ingest's connections; returns how many there were.
  std::string terminate(const std::string& name = "ingest") {
    return query(
        fmt::format("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
                    "WHERE application_name = '{}'",
                    application(name)));
  }

  /// Returns when a connection of the ingest waits for a lock.
  void wait_until_handler_waits(const std::string& name = "ingest") {
    wait_until(
        fmt::format("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = '{}' "
                    "AND wait_event_type = 'Lock'",
                    application(name)));
  }
};

}  // namespace dynamite::test
