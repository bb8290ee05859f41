#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/apply/target_sql.hpp"
#include "replica/state/newest_versions.hpp"
#include "replica/state/source_sql.hpp"
#include "replica/state/state_sql.hpp"
#include "replica/state/table_sql.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

// A change that is not meant to change a statement must leave golden/sql.txt as it is. Where one is
// meant: DYNAMITE_WRITE_GOLDEN=1 build/dev/tests/replica_unit_test --gtest_filter=GoldenSql.*
class Text {
 public:
  void add(const std::string& title, const std::string& sql) {
    text_ += fmt::format("-- {}\n{};\n\n", title, sql);
  }
  void add(const std::string& title, const std::vector<std::string>& list) {
    for (const std::string& sql : list) add(title, sql);
  }
  const std::string& str() const noexcept { return text_; }

 private:
  std::string text_;
};

Replica table_of(int id, KeySchema keys) {
  std::vector targets{new_target("dynamite", "sales", "Orders", keys)};
  return {.id = id,
          .source = std::make_shared<const SourceTable>(
              SourceTable{.arn = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders",
                          .key_schema = std::move(keys)}),
          .state_schema = "dynamite",
          .targets = std::move(targets)};
}

void add_table(Text& text, const std::string& shape, const Replica& table) {
  const auto titled = [&](const char* what) { return fmt::format("{}: {}", shape, what); };
  text.add(titled("table"), replica_table_sql(table, table.targets.front()));
  text.add(titled("registration"), registration_sql(table));
  const Target& target = table.targets.front();
  const TargetSql sql = target_sql(table, target);
  const SourceSql source = source_sql(table.state_schema);
  const std::string newest_version = newest_version_sql(table);
  const std::string without_ghost = without_ghost_sql(table, target);
  for (const auto& [name, statement] : std::vector<std::pair<const char*, const std::string*>>{
           {"put", &sql.put},
           {"put_scanned", &sql.put_scanned},
           {"copy", &sql.copy},
           {"remove", &sql.remove},
           {"remove_held", &sql.remove_held},
           {"tombstone", &sql.tombstone},
           {"note_unmet", &sql.note_unmet},
           {"lock_writers", &sql.lock_writers},
           {"recheck", &sql.recheck},
           {"recheck_scanned", &sql.recheck_scanned},
           {"stamp", &sql.stamp},
           {"newest_version", &newest_version},
           {"without_ghost", &without_ghost},
           {"require_follower", &source.require_follower},
           {"require_pass", &source.require_pass},
           {"require_epoch", &source.require_epoch},
           {"require_before", &source.require_before},
           {"dead_letter", &source.dead_letter},
           {"require_dead_letters", &source.require_dead_letters},
           {"discard_dead_letters", &source.discard_dead_letters},
           {"checkpoint", &source.checkpoint}})
    text.add(titled(name), *statement);
}

std::string all_sql() {
  using enum KeyType;
  Text text;
  text.add("state schema", state_schema_sql("dynamite", false));
  const Replica orders = table_of(1, {{"pk", S}, {}});
  text.add("grants", grant_select_sql(orders, orders.targets.front(), "reader"));
  add_table(text, "S", table_of(1, {{"pk", S}, {}}));
  add_table(text, "N", table_of(2, {{"pk", N}, {}}));
  add_table(text, "S, N", table_of(3, {{"pk", S}, KeyAttribute{"sk", N}}));
  add_table(text, "B, S named as columns of ours",
            table_of(4, {{"item", B}, KeyAttribute{"mod_time", S}}));
  return text.str();
}

TEST(GoldenSql, IsAsItWas) { test::expect_golden("golden/sql.txt", all_sql()); }

}  // namespace
}  // namespace dynamite
