#include <string>

#include "decode/scan_page.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {

/// An answer of Scan.
void run(std::string_view input) {
  for (const auto& table : tables()) {
    ScanPage page;
    if (!accepts({Error::Kind::transient},
                 [&] { page = decode_scan_page(std::string{input}, table, Micros{}); }))
      continue;
    require_sound(page.batch);
    if (page.last_evaluated_key) require_json(*page.last_evaluated_key, true);
  }
}

}  // namespace dynamite::fuzz
