#include <string>

#include "decode/decode.hpp"
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

void check(const std::string& text, const TableLookup& lookup) {
  std::vector<Batch> event;
  Recorded recorded;
  const bool is_event =
      accepts({Error::Kind::usage}, [&] { event = decode_lambda_event(text, lookup); });
  const bool is_recorded =
      accepts({Error::Kind::usage}, [&] { recorded = decode_recorded(text, lookup); });
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
  for (const auto& table : tables())
    check(std::string{input}, [&](std::string_view) { return table; });
}

}  // namespace dynamite::fuzz
