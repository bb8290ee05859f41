#include "source/read_back.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/arn.hpp"
#include "json/item_key.hpp"

namespace dynamite {

bool lacks_images(const Batch& batch, std::uint16_t table) {
  return std::ranges::any_of(batch.changes, [&](const Change& change) {
    return change.table == table && change.kind == ChangeKind::put && change.image.empty();
  });
}

Batch read_back(DynamoDb& dynamodb, const Batch& batch, std::uint16_t table, std::stop_token stop) {
  const SourceTable& source = *batch.tables[table];
  Batch now;
  now.tables = {batch.tables[table]};
  std::set<std::string_view> keys;
  for (const Change& change : batch.changes)
    if (change.table == table) keys.insert(change.key);
  std::vector<std::string> wanted;
  for (const std::string_view key : keys) wanted.push_back(key_json(key, source.key_schema));
  std::map<std::string, std::string_view> items;
  for (std::string& item : dynamodb.get_items(table_name_of(source.arn), wanted, stop)) {
    std::string key;
    append_canonical_key(key, item, source.key_schema);
    items.emplace(std::move(key), now.keys.emplace_back(std::move(item)));
  }
  for (Change change : batch.changes) {
    if (change.table != table) continue;
    const auto item = items.find(std::string{change.key});
    change.kind = item == items.end() ? ChangeKind::remove : ChangeKind::put;
    change.image = item == items.end() ? std::string_view{} : item->second;
    change.table = 0;
    now.changes.push_back(change);
  }
  for (const Rejected& rejected : batch.rejected)
    if (rejected.table == table) {
      now.rejected.push_back(rejected);
      now.rejected.back().table = 0;
    }
  return now;
}

}  // namespace dynamite
