#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "source/dynamodb.hpp"
#include "source/page.hpp"

namespace dynamite {

/// Which part of a parallel Scan; `total_segments` must stay the same for the whole pass.
struct Segment {
  std::shared_ptr<const SourceTable> table;
  std::int32_t segment = 0;
  std::int32_t total_segments = 1;
};

/// Reads one segment of a table, strongly consistent. Never sleeps.
class ScanReader {
 public:
  /// `position`: the last evaluated key, raw JSON; empty: from the beginning.
  ScanReader(DynamoDb& dynamodb, Segment segment, std::string position);

  /// One Scan page, which may be empty. Only an absent last evaluated key finishes the segment.
  Page next(std::stop_token stop);

  std::int32_t number() const noexcept { return segment_.segment; }

 private:
  DynamoDb& dynamodb_;
  Segment segment_;
  std::string position_;
};

}  // namespace dynamite
