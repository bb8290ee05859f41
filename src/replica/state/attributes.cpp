#include "replica/state/attributes.hpp"

#include <fmt/format.h>

#include "json/writer.hpp"

namespace dynamite {

std::string note_attributes_sql(const std::string& state_schema) {
  return fmt::format(R"(INSERT INTO {} (target_id, digest, type, name)
SELECT $1::integer, sha256(convert_to(n.name, 'UTF8')), n.type, n.name
FROM jsonb_to_recordset($2::jsonb) AS n (name text, type text) ON CONFLICT DO NOTHING)",
                     state_name(state_schema, "attribute"));
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
