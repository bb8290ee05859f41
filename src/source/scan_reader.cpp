#include "source/scan_reader.hpp"

#include <chrono>

#include "core/arn.hpp"
#include "decode/scan_page.hpp"

namespace dynamite {
namespace {

// A full page of 1 MB may hold thousands of small items: it takes long to read and to apply, and
// everything behind it waits.
constexpr int kPageItemsMax = 1'000;

Micros now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace

ScanReader::ScanReader(DynamoDb& dynamodb, Segment segment, std::string position)
    : dynamodb_{dynamodb}, segment_{std::move(segment)}, position_{std::move(position)} {}

Page ScanReader::next(std::stop_token stop) {
  const Micros read_at = now();
  const std::string table = table_name_of(segment_.table->arn);
  std::string body = dynamodb_.scan({.table = table,
                                     .segment = segment_.segment,
                                     .total_segments = segment_.total_segments,
                                     .exclusive_start_key = position_,
                                     .limit = kPageItemsMax},
                                    stop);
  ScanPage page = decode_scan_page(std::move(body), segment_.table, read_at);
  position_ = page.last_evaluated_key.value_or("");
  return {.batch = std::move(page.batch),
          .position = position_,
          .finished = !page.last_evaluated_key,
          .capacity_units = page.capacity_units};
}

}  // namespace dynamite
