#include "replica/state/catalogue.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/error.hpp"
#include "mapping/mapping_json.hpp"
#include "mapping/names.hpp"
#include "mapping/routing.hpp"
#include "pg/identifier.hpp"
#include "replica/state/state_sql.hpp"

namespace dynamite {
namespace {

KeyAttribute key_attribute(std::string_view name, std::string_view type) {
  return {.name = std::string{name}, .type = static_cast<KeyType>(type.at(0))};
}

/// Columns of the source: id, ARN, names and types of the key attributes.
Replica replica_of_row(const pg::Result& rows, int row, const std::string& state_schema) {
  SourceTable source{.arn = std::string{rows.at(row, 1)},
                     .key_schema = {.partition = key_attribute(rows.at(row, 2), rows.at(row, 3)),
                                    .sort = std::nullopt}};
  if (rows.text(row, 4)) source.key_schema.sort = key_attribute(rows.at(row, 4), rows.at(row, 5));
  return {.id = static_cast<std::int32_t>(rows.number(row, 0)),
          .source = std::make_shared<const SourceTable>(std::move(source)),
          .state_schema = state_schema,
          .targets = {}};
}

LayoutKind layout_of(std::string_view name) {
  const std::optional<LayoutKind> layout = layout_named(name);
  if (layout) return *layout;
  throw Error{Error::Kind::usage,
              fmt::format("the catalogue has a target of layout \"{}\", but this program knows "
                          "document and columns",
                          name),
              "install a newer dynamite"};
}

std::optional<Micros> time_of(const pg::Result& rows, int row, int column) {
  if (!rows.text(row, column)) return std::nullopt;
  return Micros{std::chrono::microseconds{rows.number(row, column)}};
}

/// Columns of the target, from the seventh on.
Target target_of_row(const pg::Result& rows, int row, const Replica& replica) {
  Mapping mapping = mapping_of_json(layout_of(rows.at(row, 12)), rows.at(row, 13));
  Layout layout = mapping.layout(replica.source->key_schema);
  return {.id = static_cast<std::int32_t>(rows.number(row, 7)),
          .schema = std::string{rows.at(row, 8)},
          .table = std::string{rows.at(row, 9)},
          .tombstones = state_name(replica.state_schema, std::string{rows.at(row, 10)}),
          .mapping = std::move(mapping),
          .layout = std::move(layout),
          .source_keys = replica.source->key_schema,
          .since_epoch = static_cast<std::int32_t>(rows.number(row, 11)),
          .changed_at = time_of(rows, row, 14)};
}

}  // namespace

std::optional<int> Catalogue::version() {
  const pg::Result there =
      connection_.run("SELECT to_regclass($1) IS NOT NULL",
                      std::move(pg::Params{}.text(state_name(state_schema_, "catalogue"))));
  if (!there.flag(0, 0)) return std::nullopt;
  const pg::Result row =
      connection_.run("SELECT version FROM " + state_name(state_schema_, "catalogue"));
  return static_cast<int>(row.number(0, 0));
}

void Catalogue::require_usable() {
  const std::optional<int> found = version();
  if (!found)
    throw Error{Error::Kind::usage,
                fmt::format("the database has no state schema \"{}\"", state_schema_),
                "run `dynamite bootstrap`"};
  if (*found != kCatalogueVersion)
    throw Error{
        Error::Kind::usage,
        fmt::format("the state schema \"{}\" has version {}, but this program needs version {}",
                    state_schema_, *found, kCatalogueVersion),
        *found < kCatalogueVersion ? "run `dynamite bootstrap`" : "install a newer dynamite"};
}

std::vector<Replica> Catalogue::select(int version, std::string_view condition, pg::Params params) {
  const bool has_changed_at = version > 3;
  const std::string sql = fmt::format(
      R"(SELECT r.replica_id, r.source_arn, r.partition_key, r.partition_type, r.sort_key,
  r.sort_type, r.mapping, t.target_id, t.target_schema, t.target_table, t.tombstone_table,
  t.since_epoch, t.layout, t.mapping, {}
FROM {} r JOIN {} t ON t.replica_id = r.replica_id
WHERE {} ORDER BY r.table_name, r.source_arn, t.target_id)",
      has_changed_at ? "(extract(epoch FROM t.changed_at) * 1000000)::bigint" : "NULL",
      state_name(state_schema_, "replica"),
      state_name(state_schema_, version == 2 ? "target" : "replica_target"), condition);
  const pg::Result rows = connection_.run(sql, std::move(params));
  std::vector<Replica> replicas;
  for (int row = 0; row < rows.rows(); ++row) {
    if (replicas.empty() || replicas.back().id != rows.number(row, 0)) {
      replicas.push_back(replica_of_row(rows, row, state_schema_));
      replicas.back().mapping = rows.number(row, 6);
    }
    Target& target =
        replicas.back().targets.emplace_back(target_of_row(rows, row, replicas.back()));
    target.mapping.hash_key = hash_key_;
  }
  for (Replica& replica : replicas)
    replica.routing = routing_of(replica.targets, replica.source->key_schema, TargetRows::routed);
  return replicas;
}

std::vector<Replica> Catalogue::load_version_1() {
  const pg::Result rows = connection_.run(fmt::format(
      R"(SELECT replica_id, source_arn, partition_key, partition_type, sort_key, sort_type,
  target_schema, target_table FROM {} ORDER BY replica_id)",
      state_name(state_schema_, "replica")));
  std::vector<Replica> replicas;
  for (int row = 0; row < rows.rows(); ++row) {
    replicas.push_back(replica_of_row(rows, row, state_schema_));
    replicas.back().targets = {new_target(state_schema_, std::string{rows.at(row, 6)},
                                          std::string{rows.at(row, 7)},
                                          replicas.back().source->key_schema)};
  }
  return replicas;
}

std::vector<Replica> Catalogue::load_older(int version) {
  return version == 1 ? load_version_1() : select(version, "true", {});
}

std::vector<Replica> Catalogue::load() { return select(kCatalogueVersion, "true", {}); }

std::optional<Replica> Catalogue::find(std::string_view source_arn) {
  auto found =
      select(kCatalogueVersion, "r.source_arn = $1", std::move(pg::Params{}.text(source_arn)));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::map<std::int32_t, std::int64_t> Catalogue::mapping_numbers() {
  const pg::Result rows =
      connection_.run("SELECT replica_id, mapping FROM " + state_name(state_schema_, "replica"));
  std::map<std::int32_t, std::int64_t> numbers;
  for (int row = 0; row < rows.rows(); ++row)
    numbers.emplace(static_cast<std::int32_t>(rows.number(row, 0)), rows.number(row, 1));
  return numbers;
}

}  // namespace dynamite
