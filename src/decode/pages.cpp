#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "core/error.hpp"
#include "decode/change_reader.hpp"
#include "decode/decode.hpp"
#include "json/item_key.hpp"

namespace dynamite {
namespace {

/// Runs `read`, for which an answer that is not JSON was damaged on its way: it is asked for again.
template <class Read>
void read_as_transient(std::string_view operation, Read read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    throw Error{Error::Kind::transient, fmt::format("answer of {}: {}", operation, error.what())};
  }
}

/// Notes that the answer has its list. Without it, an answer that is none would end a shard or
/// segment.
void check_list(bool has_list, const char* name) {
  if (!has_list) throw Error{Error::Kind::poison, fmt::format("it has no {}", name)};
}

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

RecordsPage decode_records_page(std::string page, std::shared_ptr<const SourceTable> table,
                                std::uint64_t generation) {
  RecordsPage result;
  read_as_transient("GetRecords", [&] {
    ChangeReader reader{std::move(page), std::move(table), generation};
    JsonScanner scanner{reader.page()};
    bool has_records = false;
    scan_object(scanner, [&](std::string_view name) {
      if (token_is(name, "Records")) {
        has_records = true;
        scan_array(scanner, [&] { reader.read(scanner); });
      } else if (scanner.take_null()) {
        return;
      } else if (token_is(name, "NextShardIterator")) {
        append_unescaped(result.next_iterator.emplace(), scanner.string());
      } else {
        scanner.skip_value();
      }
    });
    scanner.expect_end();
    check_list(has_records, "Records");
    result.last_sequence_number = reader.last_sequence_number();
    result.batch = std::move(reader.take_batches().front());
  });
  return result;
}

ScanPage decode_scan_page(std::string page, std::shared_ptr<const SourceTable> table, Micros time) {
  ScanPage result;
  read_as_transient("Scan", [&] {
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
    check_list(has_items, "Items");
  });
  return result;
}

}  // namespace dynamite
