#include <string>

#include "decode/lambda_event.hpp"
#include "decode/recorded.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {
namespace {

struct Counts {
  std::size_t changes = 0, rejected = 0;
  bool operator==(const Counts&) const = default;
};

Counts counts_of(const std::vector<Batch>& batches) {
  Counts counts;
  for (const Batch& batch : batches) {
    counts.changes += batch.changes.size();
    counts.rejected += batch.rejected.size();
  }
  return counts;
}

/// Decodes as if every table was `table`.
template <class Decode>
auto decode_all(const std::shared_ptr<const SourceTable>& table, const Decode& decode) {
  KnownTables tables;
  return decode_with(tables, decode, [&](const std::string& arn) { tables.emplace(arn, table); });
}

void check(const std::shared_ptr<const std::string>& text,
           const std::shared_ptr<const SourceTable>& table) {
  std::vector<Batch> event;
  Recorded recorded;
  const bool is_event = accepts({Error::Kind::usage}, [&] {
    event = decode_all(table, [&](const KnownTables& tables) {
              return decode_lambda_event(text, tables);
            }).batches;
  });
  const bool is_recorded = accepts({Error::Kind::usage}, [&] {
    recorded =
        decode_all(table, [&](const KnownTables& tables) { return decode_recorded(text, tables); });
  });
  if (is_event) {
    for (const Batch& batch : event) require_sound(batch);
    require(is_recorded && recorded.ranges.empty(), "an event may be recorded");
    require(counts_of(event) == counts_of(recorded.batches),
            "an event has the same records when it was recorded");
  }
  for (const Batch& batch : recorded.batches) require_sound(batch);
}

}  // namespace

/// A Lambda event, or what `dynamite apply` takes.
void run(std::string_view input) {
  const auto text = std::make_shared<const std::string>(input);
  for (const auto& table : tables()) check(text, table);
}

}  // namespace dynamite::fuzz
