#include "source/read_back.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/arn.hpp"
#include "json/item_key.hpp"

namespace dynamite {

Batch read_back(DynamoDb& dynamodb, const Batch& batch, std::stop_token stop) {
  const SourceTable& source = *batch.table;
  Batch now;
  now.table = batch.table;
  std::set<std::string_view> keys;
  for (const Change& change : batch.changes) keys.insert(change.key);
  std::vector<std::string> wanted;
  for (const std::string_view key : keys) wanted.push_back(key_json(key, source.key_schema));
  std::map<std::string, std::string_view> items;
  for (const std::string& item : dynamodb.get_items(table_name_of(source.arn), wanted, stop)) {
    std::string key;
    append_canonical_key(key, item, source.key_schema);
    items.emplace(std::move(key), now.keep(item));
  }
  std::vector<Change>& recorded = now.recorded.emplace();
  for (const Change& record : batch.changes) {
    const auto item = items.find(std::string{record.key});
    Change change = record;
    change.kind = item == items.end() ? ChangeKind::remove : ChangeKind::put;
    change.image = item == items.end() ? std::string_view{} : item->second;
    change.old_image.reset();  // that was before the record, and not before what was read
    now.changes.push_back(change);
    const bool has_own_image = record.kind == ChangeKind::remove || !record.image.empty();
    recorded.push_back(has_own_image ? record : change);
  }
  now.rejected = batch.rejected;
  return now;
}

}  // namespace dynamite
