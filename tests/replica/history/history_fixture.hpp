#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "replica/history/history_sql.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

/// A history without a target.
class HistoryTableTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    connection.emplace(connect());
    make(keys(KeyType::S));
    begin_ = query("SELECT now()");
  }

  void make(const KeySchema& key_schema) {
    history.emplace(schema(), "orders", key_schema);
    for (const std::string& sql : history_table_sql(*history, "\"orders\"")) query(sql);
  }

  /// `item`: JSON; empty: the item is gone. `age`: the time, in seconds before the test began.
  void add(const std::string& key, std::uint64_t version, std::int64_t age,
           const std::string& item = "") {
    query(
        fmt::format("INSERT INTO orders_history (pk, item, change, mod_time, _version) VALUES "
                    "('{}', {}, 'put', timestamptz '{}' - {} * interval '1 second', {})",
                    key, item.empty() ? "NULL" : "'" + item + "'", begin_, age, version));
  }

  /// The time `age` seconds before the test began.
  Micros time_of(std::int64_t age) {
    const std::string micros = query(fmt::format(
        "SELECT (extract(epoch FROM timestamptz '{}') * 1000000)::bigint - {} * 1000000", begin_,
        age));
    return Micros{std::chrono::microseconds{std::stoll(micros)}};
  }

  /// What held `age` seconds before the test began: a line a key.
  std::string as_of(std::int64_t age) {
    return query(fmt::format(
        "SELECT pk, item FROM orders_ranges, (SELECT timestamptz '{}' - {} * interval '1 second' "
        "AS t) AS at WHERE valid_from <= t AND (valid_to > t OR valid_to IS NULL) AND item IS NOT "
        "NULL ORDER BY pk, item",
        begin_, age));
  }

  std::optional<HistoryTable> history;
  std::optional<pg::Connection> connection;

 private:
  std::string begin_;
};

}  // namespace dynamite::test
