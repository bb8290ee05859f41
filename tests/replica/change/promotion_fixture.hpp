#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "replica/change/promotion.hpp"
#include "replica/state/attributes.hpp"
#include "replica/state/catalogue.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

/// A test with the registered replica "orders" in layout `columns`, which has none of its own yet.
class PromotionTest : public ReplicaTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    connection.emplace(connect());
    make_orders({.layout = LayoutKind::columns});
  }

  void make_orders(const MappingRules& rules) {
    Replica wanted = wanted_replica(keys(KeyType::S), "orders");
    wanted.targets = {new_target(state_schema(), schema(), "orders", keys(KeyType::S),
                                 {.rules = rules, .columns = rules.declared})};
    orders = make_replica(wanted);
  }

  /// Puts the items, and notes their attributes as an applier does.
  void put_items(const std::vector<std::string>& items, std::uint64_t first_number = 1) {
    const auto writer = orders.targets.front().layout.writer();
    std::vector<TestChange> changes;
    for (const std::string& item : items) {
      changes.push_back(put_item(item, first_number++));
      writer->read(item, nullptr);
    }
    apply(changes);
    note(writer->take_notes());
  }

  void note(const std::vector<AttributeNote>& notes) {
    connection->run(note_attributes_sql(state_schema()),
                    note_attributes_params(orders.targets.front(), notes));
  }

  /// Rows k0001, k0002, … whose `_rest` is `rest`. Nobody notes their attributes.
  void insert_rows(int count, const std::string& rest) {
    query(
        fmt::format("INSERT INTO orders (pk, _rest, mod_time, create_time, _version, _epoch) "
                    "SELECT format('k%s', to_char(i, 'FM0000')), '{}', now(), now(), 1, 0 "
                    "FROM generate_series(1, {}) i",
                    rest, count));
  }

  /// Until nothing is left to do. Loads the replica anew.
  void promote() {
    Promotion promotion{orders};
    for (int steps = 0; promotion.step(*connection) != PromotionStep::idle; ++steps)
      ASSERT_LT(steps, 1000);
    load();
  }
  void load() { orders = Catalogue{*connection, state_schema()}.find(orders.source->arn).value(); }

  /// `total numeric, tags text[]`
  std::string attribute_columns() {
    std::string text;
    for (const AttributeColumn& column : orders.targets.front().mapping.columns)
      text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", column.name,
                          type_name(column.type), column.filling ? " filling" : "");
    return text;
  }

  /// All columns of all rows but `but`.
  std::string contents(const std::string& but = "{}") {
    return query(fmt::format("SELECT to_jsonb(t) - '{}'::text[] FROM orders t ORDER BY pk", but));
  }
};

}  // namespace dynamite::test
