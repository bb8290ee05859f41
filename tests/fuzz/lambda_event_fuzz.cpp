#include <string>

#include "decode/decode.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {
namespace {

void check(const std::string& text, const TableLookup& lookup) {
  Batch event;
  Recorded recorded;
  const bool is_event =
      accepts({Error::Kind::usage}, [&] { event = decode_lambda_event(text, lookup); });
  const bool is_recorded =
      accepts({Error::Kind::usage}, [&] { recorded = decode_recorded(text, lookup); });
  if (is_event) {
    require_sound(event);
    require(is_recorded && recorded.ranges.empty(), "an event may be recorded");
    require(event.changes.size() == recorded.batch.changes.size() &&
                event.rejected.size() == recorded.batch.rejected.size(),
            "an event has the same records when it was recorded");
  }
  if (is_recorded) require_sound(recorded.batch);
}

}  // namespace

/// A Lambda event, or what `dynamite apply` takes.
void run(std::string_view input) {
  for (const auto& table : tables())
    check(std::string{input}, [&](std::string_view) { return table; });
}

}  // namespace dynamite::fuzz
