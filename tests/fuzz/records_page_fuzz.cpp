#include <string>

#include "decode/records_page.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {

/// An answer of GetRecords.
void run(std::string_view input) {
  constexpr std::uint64_t kGeneration = 1'768'478'400'123;
  for (const auto& table : tables()) {
    RecordsPage page;
    if (!accepts({Error::Kind::transient, Error::Kind::usage},
                 [&] { page = decode_records_page(std::string{input}, table, kGeneration); }))
      continue;
    require_sound(page.batch);
    if (!page.batch.changes.empty() && page.batch.rejected.empty()) {
      require(Version(kGeneration, page.last_sequence_number) == page.batch.changes.back().version,
              "the page's last sequence number is the last record's");
    }
  }
}

}  // namespace dynamite::fuzz
