#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/version.hpp"
#include "pg/connection.hpp"
#include "replica/history/history_table.hpp"
#include "where/clause.hpp"

namespace dynamite::test {

/// A row of a target's history.
struct NotedRow {
  std::string key;  ///< canonical, as the target has it
  std::string change;
  std::optional<std::string> item;  ///< canonical DynamoDB JSON; absent: the item is gone
  Version record;                   ///< the newest record that is not newer than the row
  bool is_of_record = false;        ///< the row has that record's own version
};

/// All rows, by key and version.
std::vector<NotedRow> noted_rows(pg::Connection& connection, const HistoryTable& history);

/// How many rows of the view hold at a time at which a later row of their key holds too.
std::int64_t overlapping_ranges(pg::Connection& connection, const HistoryTable& history);

/// A record of a stream.
struct SeenRecord {
  std::string_view image;                     ///< of a put
  std::optional<std::string_view> old_image;  ///< empty: there was none; absent: it is not known
  bool is_put = false;
  bool is_expiry = false;  ///< of a remove
};

/// What the record is for the history of a target: put, removed, expired, left; empty: nothing.
std::string_view word_for(const SeenRecord& record, const std::optional<Clause>& where);

/// Absent: empty.
std::optional<Clause> clause_of(const std::string& where);

}  // namespace dynamite::test
