#include "decode/scan_page.hpp"

#include <charconv>
#include <utility>

#include "decode/answer.hpp"
#include "decode/change_reader.hpp"
#include "json/item_key.hpp"
#include "json/scanner.hpp"

namespace dynamite {
namespace {

double read_capacity_units(JsonScanner& scanner) {
  double units = 0;
  scan_object(scanner, [&](std::string_view name) {
    const std::string_view value = scanner.skip_value();
    if (token_is(name, "CapacityUnits"))
      std::from_chars(value.data(), value.data() + value.size(), units);
  });
  return units;
}

void read_item(JsonScanner& scanner, Batch& batch, Micros time) {
  scanner.peek();
  const char* const begin = scanner.position();
  std::string key;
  try {
    read_key(scanner, batch.table->key_schema, key);
    const std::string_view item = scanner.since(begin);
    batch.changes.push_back({.key = batch.keep(key),
                             .image = item,
                             .record = item,
                             .version = Version{},
                             .time = time,
                             .kind = ChangeKind::scanned});
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    scanner.go_to(begin);
    batch.rejected.push_back(
        {.record = scanner.skip_broken_value(), .reason = error.what(), .sequence_number = {}});
  }
}

}  // namespace

ScanPage decode_scan_page(std::string page, std::shared_ptr<const SourceTable> table, Micros time) {
  ScanPage result;
  read_answer("Scan", [&] {
    require_utf8(page);
    result.batch.table = std::move(table);
    result.batch.pages.push_back(std::make_shared<const std::string>(std::move(page)));
    JsonScanner scanner{*result.batch.pages.front()};
    bool has_items = false;
    scan_object(scanner, [&](std::string_view name) {
      if (token_is(name, "Items")) {
        has_items = true;
        scan_array(scanner, [&] { read_item(scanner, result.batch, time); });
      } else if (scanner.take_null()) {
        return;
      } else if (token_is(name, "LastEvaluatedKey")) {
        result.last_evaluated_key = scanner.skip_value();
      } else if (token_is(name, "ConsumedCapacity")) {
        result.capacity_units = read_capacity_units(scanner);
      } else {
        scanner.skip_value();
      }
    });
    scanner.expect_end();
    require_list(has_items, "Items");
  });
  return result;
}

}  // namespace dynamite
