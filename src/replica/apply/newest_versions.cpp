#include "replica/apply/newest_versions.hpp"

#include "replica/apply/apply_sql.hpp"
#include "replica/apply/rows.hpp"

namespace dynamite {

NewestVersions newest_versions(pg::Connection& connection, const Replica& table,
                               std::span<const std::string> keys) {
  RowArrays arrays;
  for (const std::string& key : keys) append_key(arrays, key, table.source->key_schema);
  pg::Params params;
  params.array(arrays.k1);
  if (table.source->key_schema.sort) params.array(arrays.k2);
  const pg::Result rows =
      connection.run(apply_sql(table, table.targets.front()).newest_version, std::move(params));
  NewestVersions newest{.epoch = static_cast<std::int32_t>(rows.number(0, 0)), .versions = {}};
  for (int row = 0; row < rows.rows(); ++row)
    newest.versions.push_back(Version::parse(rows.at(row, 1)));
  return newest;
}

}  // namespace dynamite
