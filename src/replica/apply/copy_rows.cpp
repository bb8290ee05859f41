#include "replica/apply/copy_rows.hpp"

#include <string>

#include "core/key.hpp"
#include "layout/natural_json.hpp"

namespace dynamite {
namespace {

constexpr std::int16_t kFieldsBesidesKeys = 6;

void append_key_part(pg::CopyData& data, std::string_view part, KeyType type) {
  if (type == KeyType::N)
    data.append_numeric(part);
  else
    data.append_bytes(part);
}

void append_row(CopyRows& rows, const Change& change, const KeySchema& key_schema,
                std::int32_t epoch) {
  pg::CopyData& data = rows.data;
  const KeyParts key = split_key(change.key);
  const std::int64_t micros = change.time.time_since_epoch().count();
  data.begin_row(static_cast<std::int16_t>(kFieldsBesidesKeys + key.count));
  append_key_part(data, key.parts[0], key_schema.partition.type);
  if (key_schema.sort) append_key_part(data, key.parts[1], key_schema.sort->type);
  std::string types;
  data.begin_jsonb();
  append_natural_json(data.buffer(), types, change.image);
  data.end_jsonb();
  data.append_timestamp(micros);
  data.append_timestamp(micros);
  types.empty() ? data.append_null() : data.append_jsonb(types);
  data.append_numeric("0");
  data.append_int32(epoch);
  append_key(rows.rest.puts.front(), change.key, key_schema);
}

}  // namespace

CopyRows make_copy_rows(std::span<const Change> changes, const KeySchema& key_schema,
                        std::int32_t epoch) {
  CopyRows rows;
  rows.rest.puts.emplace_back();  // without items, a statement takes any number of keys
  for (const Change& change : changes) {
    try {
      append_row(rows, change, key_schema, epoch);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      rows.data.undo_row();
      set_aside(rows.rest, change, error, key_schema);
    }
  }
  rows.data.finish();
  return rows;
}

}  // namespace dynamite
