#include "sim/checks/letter_log.hpp"

#include <fmt/format.h>

#include "pg/bytea.hpp"
#include "pg/connection.hpp"
#include "pg/identifier.hpp"

namespace dynamite::sim {

std::vector<std::string> letter_log_sql(const std::string& state_schema) {
  const std::string schema = quote_identifier(state_schema);
  return {fmt::format("CREATE TABLE {}.letter_log (replica_id integer, key bytea, version numeric)",
                      schema),
          fmt::format(R"(CREATE FUNCTION {0}.log_letter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO {0}.letter_log VALUES (NEW.replica_id, NEW.key, NEW.version);
  RETURN NULL;
END $$)",
                      schema),
          fmt::format("CREATE TRIGGER log_letter AFTER INSERT ON {0}.dead_letter FOR EACH ROW "
                      "EXECUTE FUNCTION {0}.log_letter()",
                      schema)};
}

std::set<RecordOf> refused_records(pg::Connection& connection, const Replica& replica) {
  const pg::Result rows = connection.run(
      fmt::format("SELECT key, version FROM {}.letter_log WHERE replica_id = $1::integer",
                  quote_identifier(replica.state_schema)),
      std::move(pg::Params{}.number(replica.id)));
  std::set<RecordOf> records;
  for (int row = 0; row < rows.rows(); ++row)
    records.emplace(pg::bytes_of_bytea(rows.at(row, 0)), Version::parse(rows.at(row, 1)));
  return records;
}

}  // namespace dynamite::sim
