#include "replica/change/attribute_shares.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr double kShareMin = 0.01;   // of the rows have an attribute that is worth a column
constexpr int kSamplePages = 1'000;  // 8 MB, some tens of milliseconds

/// Of the target's pages so many percent are kSamplePages, or all.
double sample_percent(pg::Connection& connection, const Target& target) {
  const pg::Result pages = connection.run(
      "SELECT coalesce(sum(pg_relation_size(p.relid)), 0)::bigint / 8192 "
      "FROM pg_partition_tree(to_regclass($1)) p",
      std::move(pg::Params{}.text(target.qualified_name())));
  const auto there = static_cast<double>(std::max<std::int64_t>(pages.number(0, 0), 1));
  return std::min(100.0, 100.0 * kSamplePages / there);
}

}  // namespace

std::string value_column(const Target& target, std::string_view field) {
  const auto values = target.layout.values();
  const auto found = std::ranges::find(values, field, &Column::field);
  if (found == values.end())
    throw Error{Error::Kind::bug, fmt::format("the layout has no column \"{}\"", field)};
  return found->quoted();
}

std::string pointer_sql(std::string_view name) {
  return fmt::format("'/' || replace(replace({}, '~', '~0'), '/', '~1')", name);
}

std::vector<AttributeShare> sample_shares(pg::Connection& connection, const Replica& replica,
                                          const Target& target) {
  if (noted_shares(connection, replica, target).empty()) return {};
  const std::string sql = fmt::format(
      R"(WITH sample AS MATERIALIZED (
  SELECT {2} AS rest, {3} AS types FROM {1} TABLESAMPLE SYSTEM ({4})),
typed AS (
  SELECT e.key AS name, CASE jsonb_typeof(e.value)
      WHEN 'string' THEN CASE s.types ->> ({5}) WHEN 'B' THEN 'B' ELSE 'S' END
      WHEN 'number' THEN 'N' WHEN 'boolean' THEN 'BOOL' WHEN 'null' THEN 'NULL'
      WHEN 'object' THEN 'M' ELSE coalesce(s.types ->> ({5}), 'L') END AS type
  FROM sample s, jsonb_each(s.rest) e),
seen AS MATERIALIZED (
  SELECT name, type, count(*)::double precision / (SELECT count(*) FROM sample) AS share
  FROM typed GROUP BY 1, 2),
noted AS (
  UPDATE {0} a SET share = n.share
  FROM (SELECT b.name, b.type, coalesce(s.share, 0) AS share
    FROM {0} b LEFT JOIN seen s ON s.name = b.name AND s.type = b.type
    WHERE b.target_id = $1::integer) n
  WHERE a.target_id = $1::integer AND a.name = n.name AND a.type = n.type
    AND a.share IS DISTINCT FROM n.share)
INSERT INTO {0} (target_id, digest, type, name, share)
SELECT $1::integer, sha256(convert_to(s.name, 'UTF8')), s.type, s.name, s.share FROM seen s
WHERE s.share >= {6} AND NOT EXISTS (SELECT FROM {0} a WHERE a.target_id = $1::integer
  AND a.name = s.name AND a.type = s.type)
ON CONFLICT DO NOTHING)",
      state_name(replica.state_schema, "attribute"), target.qualified_name(),
      value_column(target, "rest"), value_column(target, "types"),
      sample_percent(connection, target), pointer_sql("e.key"), kShareMin);
  connection.run(sql, std::move(pg::Params{}.number(target.id)));
  return noted_shares(connection, replica, target);
}

std::vector<AttributeShare> noted_shares(pg::Connection& connection, const Replica& replica,
                                         const Target& target) {
  const std::string sql = fmt::format(
      "SELECT name, type, coalesce(share, 0) FROM {} WHERE target_id = $1::integer ORDER BY 1, 2",
      state_name(replica.state_schema, "attribute"));
  const pg::Result rows = connection.run(sql, std::move(pg::Params{}.number(target.id)));
  std::vector<AttributeShare> shares;
  for (int row = 0; row < rows.rows(); ++row)
    shares.push_back(
        {.attribute = {.name = std::string{rows.at(row, 0)}, .type = std::string{rows.at(row, 1)}},
         .share = std::stod(std::string{rows.at(row, 2)})});
  return shares;
}

std::vector<AttributeNote> uncounted_notes(pg::Connection& connection, const Replica& replica,
                                           const Target& target) {
  const std::string sql = fmt::format(
      "SELECT name, type FROM {} WHERE target_id = $1::integer AND share IS NULL ORDER BY 1, 2",
      state_name(replica.state_schema, "attribute"));
  const pg::Result rows = connection.run(sql, std::move(pg::Params{}.number(target.id)));
  std::vector<AttributeNote> notes;
  for (int row = 0; row < rows.rows(); ++row)
    notes.push_back({.name = std::string{rows.at(row, 0)}, .type = std::string{rows.at(row, 1)}});
  return notes;
}

std::vector<AttributeNote> frequent_attributes(const std::vector<AttributeShare>& shares) {
  struct Seen {
    const AttributeShare* most = nullptr;
    double share = 0;
  };
  std::map<std::string_view, Seen> by_name;
  for (const AttributeShare& one : shares) {
    if (one.attribute.type == "NULL") continue;  // no column takes it
    Seen& seen = by_name[one.attribute.name];
    seen.share += one.share;
    if (seen.most == nullptr || one.share > seen.most->share) seen.most = &one;
  }
  std::vector<Seen> frequent;
  for (const auto& [name, seen] : by_name)
    if (seen.share >= kShareMin) frequent.push_back(seen);
  std::ranges::stable_sort(frequent, std::ranges::greater{}, &Seen::share);
  std::vector<AttributeNote> attributes;
  for (const Seen& seen : frequent) attributes.push_back(seen.most->attribute);
  return attributes;
}

}  // namespace dynamite
