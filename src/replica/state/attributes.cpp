#include "replica/state/attributes.hpp"

#include <fmt/format.h>

#include "json/writer.hpp"

namespace dynamite {
namespace {

constexpr int kNotesMax = 10'000;  // of a target: names of attributes may be data

}  // namespace

std::string note_attributes_sql(const std::string& state_schema) {
  return fmt::format(R"(INSERT INTO {0} (target_id, digest, type, name)
SELECT $1::integer, sha256(convert_to(n.name, 'UTF8')), n.type, n.name
FROM jsonb_to_recordset($2::jsonb) AS n (name text, type text)
WHERE (SELECT count(*) FROM {0} a WHERE a.target_id = $1::integer) < {1} ON CONFLICT DO NOTHING)",
                     state_name(state_schema, "attribute"), kNotesMax);
}

pg::Params note_attributes_params(const Target& target, std::span<const AttributeNote> notes) {
  JsonArray list;
  for (const AttributeNote& note : notes)
    list.json(JsonObject{}.text("name", note.name).text("type", note.type).finish());
  pg::Params params;
  params.number(target.id).text(list.finish());
  return params;
}

}  // namespace dynamite
