#include "replica/history/history_sql.hpp"

#include <fmt/format.h>

#include <utility>

#include "pg/identifier.hpp"

namespace dynamite {
namespace {

const ArrayField kChange{.name = "change", .type = "text"};
const ArrayField kTime{.name = "time", .type = "timestamptz"};
const ArrayField kVersion{.name = "version", .type = "numeric"};

/// All columns, in the order of CREATE TABLE.
std::string columns_of(const HistoryTable& h) {
  std::vector<std::string> names;
  for (const Column& column : h.columns()) names.push_back(column.quoted());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// SQL of a version just above those that the target and the history know of a key. No pass comes
/// so late that its number reaches the billionths, which are Version::after's.
std::string version_of_pass(const std::string& of_row, const std::string& newest,
                            std::string_view epoch) {
  return fmt::format("greatest({}, {}) + {} * 1e-18", of_row, newest, epoch);
}

/// `newest`: the newest row that the history has of the key of `u`, if there is one.
std::string join_newest(const HistoryTable& h) {
  return fmt::format(R"(LEFT JOIN LATERAL (
  SELECT t.{0} AS item, t.{1} AS types, t.{2} AS version
  FROM {3} t WHERE {4} ORDER BY t.{2} DESC LIMIT 1) AS newest ON true)",
                     h.item(), h.types(), h.version(), h.qualified_name(), h.keys().row_matches());
}

std::string comment_sql(const std::string& what, std::string_view text) {
  return fmt::format("COMMENT ON {} IS {}", what, quote_literal(text));
}

std::vector<std::string> comments_sql(const HistoryTable& h, const std::string& replica) {
  std::vector<std::string> sql{
      comment_sql(
          "TABLE " + h.qualified_name(),
          fmt::format("what became of the items of {}, kept by dynamite: do not write to it",
                      replica)),
      comment_sql("VIEW " + h.ranges_name(),
                  fmt::format("from when to when each row of {} held; {} is NULL: it holds now",
                              h.qualified_name(), h.valid_to()))};
  for (const Column& column : h.columns())
    if (!column.comment.empty())
      sql.push_back(comment_sql(fmt::format("COLUMN {}.{}", h.qualified_name(), column.quoted()),
                                column.comment));
  return sql;
}

/// Of the times up to a row the latest: clocks of a source may go back, and no ranges overlap.
std::string ranges_sql(const HistoryTable& h) {
  const std::string order =
      fmt::format("OVER (PARTITION BY {} ORDER BY {})", h.keys().names(), h.version());
  const std::string shown =
      fmt::format("{}, {}, {}, {}", h.keys().names(), h.item(), h.types(), h.change());
  return fmt::format(R"(CREATE OR REPLACE VIEW {ranges} AS
SELECT {shown}, {valid_from}, lead({valid_from}) {order} AS {valid_to}, {version}
FROM (SELECT {shown}, max({changed_at}) {order} AS {valid_from}, {version} FROM {table}) t)",
                     fmt::arg("ranges", h.ranges_name()), fmt::arg("shown", shown),
                     fmt::arg("valid_from", h.valid_from()), fmt::arg("valid_to", h.valid_to()),
                     fmt::arg("order", order), fmt::arg("version", h.version()),
                     fmt::arg("changed_at", h.changed_at()), fmt::arg("table", h.qualified_name()));
}

}  // namespace

std::vector<std::string> history_table_sql(const HistoryTable& h, const std::string& replica) {
  std::string definitions;
  for (const Column& column : h.columns())
    definitions += fmt::format("  {} {}{},\n", column.quoted(), type_definition(column.type),
                               column.not_null ? " NOT NULL" : "");
  std::vector<std::string> sql{
      fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{}  PRIMARY KEY ({}, {}))", h.qualified_name(),
                  definitions, h.keys().names(), h.version()),
      // Rows come in the order of their time: a summary of each range finds the old ones, and costs
      // an apply nothing.
      fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} USING brin ({}) WITH (autosummarize)",
                  h.index_name(), h.qualified_name(), h.changed_at()),
      ranges_sql(h)};
  for (std::string& comment : comments_sql(h, replica)) sql.push_back(std::move(comment));
  return sql;
}

std::vector<std::string> drop_history_sql(const HistoryTable& h) {
  return {"DROP VIEW " + h.ranges_name(), "DROP TABLE " + h.qualified_name()};
}

std::string history_insert_sql(const HistoryTable& h) {
  std::vector<ArrayField> fields = h.layout().value_fields();
  fields.insert(fields.end(), {kChange, kTime, kVersion});
  return fmt::format(R"(INSERT INTO {} ({})
SELECT {}, u.item, u.types, u.change, u.time, u.version
FROM {}
ON CONFLICT DO NOTHING)",
                     h.qualified_name(), columns_of(h), h.keys().parts("u"), h.keys().rows(fields));
}

// What was read is noted above the record's own version; the epoch may be 0, so its successor is
// added. It is noted only if it is what the target's row shows. Either this put wrote the row. Or
// the row is older: a page put it, and noted it below this record, whose own tombstone kept the put
// out. A row of a newer change is noted by that change.
std::string history_read_sql(const HistoryTable& h, const HistoryTarget& target) {
  std::vector<ArrayField> fields = h.layout().value_fields();
  fields.insert(fields.end(), {kChange, kTime, kVersion});
  const std::string pass = fmt::format("({}::integer + 1)", h.keys().parameter(fields.size()));
  return fmt::format(
      R"(INSERT INTO {history} ({columns})
SELECT {parts}, read.item, read.types, read.change, now(), {version_of_pass}
FROM {rows}
LEFT JOIN {replica} t ON {row_matches}{and_not_removed}
{join_newest}
CROSS JOIN LATERAL (
  SELECT u.item, u.types, u.change
  WHERE u.item IS NOT NULL
    AND (t.{version} < u.version OR (t.{version} = u.version AND t.{row_time} = u.time))
  UNION ALL SELECT NULL, NULL, '{swept}' WHERE t.{version} IS NULL) AS read (item, types, change)
WHERE (newest.item, newest.types) IS DISTINCT FROM (read.item, read.types)
ON CONFLICT DO NOTHING)",
      fmt::arg("history", h.qualified_name()), fmt::arg("columns", columns_of(h)),
      fmt::arg("parts", h.keys().parts("u")),
      fmt::arg("version_of_pass", version_of_pass("u.version", "newest.version", pass)),
      fmt::arg("rows", h.keys().rows(fields)), fmt::arg("replica", target.replica),
      fmt::arg("row_matches", h.keys().row_matches()),
      fmt::arg("and_not_removed", target.and_not_removed), fmt::arg("join_newest", join_newest(h)),
      fmt::arg("version", target.version), fmt::arg("row_time", target.changed_at),
      fmt::arg("swept", kHistorySwept));
}

// A row with the item's own time is the one that this put wrote: a record that came in the pass
// before it has another time, and the put left that row alone. If the page is repeated, the row may
// have been kept since.
std::string history_scanned_sql(const HistoryTable& h, const HistoryTarget& target) {
  std::vector<ArrayField> fields = h.layout().value_fields();
  fields.insert(fields.end(), {kChange, kTime});
  const std::string pass = h.keys().parameter(fields.size()) + "::integer";
  return fmt::format(
      R"(INSERT INTO {history} ({columns})
SELECT {parts}, u.item, u.types, u.change, u.time, {version_of_pass}
FROM {rows}
JOIN {replica} t ON {row_matches} AND t.{epoch} = {pass} AND t.{row_time} = u.time{and_not_removed}
{join_newest}
WHERE (newest.item, newest.types) IS DISTINCT FROM (u.item, u.types)
ON CONFLICT DO NOTHING)",
      fmt::arg("history", h.qualified_name()), fmt::arg("columns", columns_of(h)),
      fmt::arg("parts", h.keys().parts("u")),
      fmt::arg("version_of_pass", version_of_pass("t." + target.version, "newest.version", pass)),
      fmt::arg("rows", h.keys().rows(fields)), fmt::arg("replica", target.replica),
      fmt::arg("row_matches", h.keys().row_matches()), fmt::arg("epoch", target.epoch),
      fmt::arg("pass", pass), fmt::arg("row_time", target.changed_at),
      fmt::arg("and_not_removed", target.and_not_removed), fmt::arg("join_newest", join_newest(h)));
}

std::string history_gone_sql(const HistoryTable& h, std::string_view change,
                             std::string_view epoch) {
  const std::string newest = fmt::format("(SELECT max(t.{}) FROM {} t WHERE {})", h.version(),
                                         h.qualified_name(), h.keys().row_matches("gone"));
  return fmt::format(R"(noted AS (
  INSERT INTO {} ({}, {}, {}, {})
  SELECT {}, '{}', now(), {}
  FROM gone
  ON CONFLICT DO NOTHING))",
                     h.qualified_name(), h.keys().names(), h.change(), h.changed_at(), h.version(),
                     h.keys().parts("gone"), change,
                     version_of_pass("gone.version", newest, epoch));
}

std::string history_absent_sql(const HistoryTable& h, const HistoryTarget& target,
                               std::string_view chosen, std::string_view epoch) {
  return fmt::format(R"(INSERT INTO {history} ({keys}, {change}, {changed_at}, {version})
SELECT {parts}, '{swept}', now(), g.version + {epoch} * 1e-18
FROM (
  SELECT DISTINCT ON ({keys}) {keys}, t.{item}, t.{version} FROM {history} t
  WHERE {chosen} ORDER BY {keys}, t.{version} DESC) AS g ({key_parts}, item, version)
WHERE g.item IS NOT NULL
  AND NOT EXISTS (SELECT FROM {replica} t WHERE {row_matches}{and_not_removed})
ON CONFLICT DO NOTHING)",
                     fmt::arg("history", h.qualified_name()), fmt::arg("keys", h.keys().names()),
                     fmt::arg("change", h.change()), fmt::arg("changed_at", h.changed_at()),
                     fmt::arg("version", h.version()), fmt::arg("parts", h.keys().parts("g")),
                     fmt::arg("swept", kHistorySwept), fmt::arg("epoch", epoch),
                     fmt::arg("item", h.item()), fmt::arg("chosen", chosen),
                     fmt::arg("key_parts", h.keys().parts()), fmt::arg("replica", target.replica),
                     fmt::arg("row_matches", h.keys().row_matches("g")),
                     fmt::arg("and_not_removed", target.and_not_removed));
}

}  // namespace dynamite
