#include "replica/state/dead_letters.hpp"

#include <fmt/format.h>

#include "json/item_key.hpp"
#include "mapping/routing.hpp"
#include "pg/bytea.hpp"
#include "pg/identifier.hpp"
#include "replica/state/newest_versions.hpp"

namespace dynamite {
namespace {

constexpr int kPage = 250;

std::string id_list(std::span<const std::int64_t> ids) {
  return fmt::format("{{{}}}", fmt::join(ids, ","));
}

// An event source that no record of a stream has.
constexpr std::string_view kSweptRecord = R"({"eventSource":"dynamite:sweep",)";

}  // namespace

std::string swept_record(std::string_view key, const KeySchema& keys) {
  return fmt::format(R"({}"eventName":"REMOVE","dynamodb":{{"Keys":{}}}}})", kSweptRecord,
                     key_json(key, keys));
}

std::string is_swept_letter(std::string_view record) {
  return fmt::format("substr({}, 1, {}) = convert_to({}, 'UTF8')", record, kSweptRecord.size(),
                     quote_literal(std::string{kSweptRecord}));
}

std::vector<StoredLetter> DeadLetters::page(std::int64_t after, std::span<const std::int64_t> ids) {
  const pg::Result rows = connection_.run(
      fmt::format(R"(SELECT dead_letter_id, key, version, date_trunc('second', created_at), reason,
  coalesce(sqlstate, ''), coalesce(constraint_name, '')
FROM {} WHERE replica_id = $1::integer AND dead_letter_id > $2::bigint
  AND ($3 = '{{}}' OR dead_letter_id = ANY ($3::bigint[]))
ORDER BY dead_letter_id LIMIT {})",
                  state_name(table_.state_schema, "dead_letter"), kPage),
      std::move(pg::Params{}.number(table_.id).number(after).text(id_list(ids))));
  std::vector<StoredLetter> letters;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto text = [&](int column) { return std::string{rows.at(row, column)}; };
    letters.push_back({.id = rows.number(row, 0),
                       .key = pg::bytes_of_bytea(rows.at(row, 1)),
                       .version = Version::parse(rows.at(row, 2)),
                       .created_at = text(3),
                       .reason = text(4),
                       .sqlstate = text(5),
                       .constraint = text(6)});
  }
  return letters;
}

std::optional<std::string> DeadLetters::record(std::int64_t id) {
  const pg::Result rows =
      connection_.run(fmt::format("SELECT record FROM {} WHERE replica_id = $1::integer "
                                  "AND dead_letter_id = $2::bigint",
                                  state_name(table_.state_schema, "dead_letter")),
                      std::move(pg::Params{}.number(table_.id).number(id)));
  if (rows.rows() == 0) return std::nullopt;
  return pg::bytes_of_bytea(rows.at(0, 0));
}

Discarded DeadLetters::discard(std::span<const std::int64_t> ids) {
  constexpr const char* kReason =
      "a dead letter was discarded whose key could not be read: nobody knows which row lacks its "
      "record";
  const pg::Result row =
      connection_.run(fmt::format(R"(WITH gone AS (
  DELETE FROM {0}.dead_letter WHERE replica_id = $1::integer
    AND dead_letter_id = ANY ($2::bigint[]) RETURNING key),
lost AS (
  INSERT INTO {0}.gap (replica_id, reason, noticed_epoch)
  SELECT r.replica_id, $3, r.epoch FROM {0}.replica r WHERE r.replica_id = $1::integer
    AND EXISTS (SELECT FROM gone WHERE octet_length(gone.key) = 0))
SELECT count(*), count(*) FILTER (WHERE octet_length(key) = 0) FROM gone)",
                                  quote_identifier(table_.state_schema)),
                      std::move(pg::Params{}.number(table_.id).text(id_list(ids)).text(kReason)));
  return {.letters = static_cast<std::uint64_t>(row.number(0, 0)),
          .without_key = static_cast<std::uint64_t>(row.number(0, 1))};
}

// A later record may have been nothing to a target: its item before is the letter's, and the target
// still has the row from before the letter.
std::vector<std::int64_t> DeadLetters::overtaken(std::span<const StoredLetter> letters) {
  if (letters.empty()) return {};
  std::vector<std::string> keys;
  for (const StoredLetter& letter : letters) keys.push_back(letter.key);
  struct Known {
    bool newer = false, older = false;  ///< of some target
  };
  std::vector<Known> known(letters.size());
  for (std::size_t target = 0; target < table_.targets.size(); ++target) {
    Replica alone = table_;
    alone.targets = {table_.targets[target]};
    const NewestVersions newest = newest_versions(connection_, alone, keys);
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (table_.routing && !table_.routing->may_take(target, keys[i])) continue;
      (newest.versions[i] > letters[i].version ? known[i].newer : known[i].older) = true;
    }
  }
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < letters.size(); ++i)
    if (known[i].newer && !known[i].older) ids.push_back(letters[i].id);
  return ids;
}

// An item of a scan has no version to compare: only reading it again tells.
std::uint64_t DeadLetters::discard_overtaken() {
  std::uint64_t discarded = 0;
  std::int64_t after = 0;
  for (std::vector<StoredLetter> letters = page(0, {}); !letters.empty();
       letters = page(after, {})) {
    after = letters.back().id;
    std::erase_if(letters, [](const StoredLetter& letter) {
      return letter.key.empty() || letter.version == Version{};
    });
    discarded += discard(overtaken(letters)).letters;
  }
  return discarded + discard_swept();
}

std::uint64_t DeadLetters::discard_before_pass() {
  if (!table_.hashes_keys()) return 0;
  return connection_
      .run(fmt::format(R"(DELETE FROM {0}.dead_letter d USING {0}.replica r
WHERE d.replica_id = $1::integer AND r.replica_id = d.replica_id AND r.pass = 'sweeping'
  AND d.created_at < r.pass_started_at AND octet_length(d.key) > 0 AND NOT {1})",
                       quote_identifier(table_.state_schema), is_swept_letter("d.record")),
           std::move(pg::Params{}.number(table_.id)))
      .affected();
}

std::uint64_t DeadLetters::discard_swept() {
  const std::string select = fmt::format(
      R"(SELECT dead_letter_id, key FROM {} WHERE replica_id = $1::integer
  AND {} AND dead_letter_id > $2::bigint
ORDER BY dead_letter_id LIMIT {})",
      state_name(table_.state_schema, "dead_letter"), is_swept_letter("record"), kPage);
  std::uint64_t discarded = 0;
  for (std::int64_t after = 0;;) {
    const pg::Result page =
        connection_.run(select, std::move(pg::Params{}.number(table_.id).number(after)));
    if (page.rows() == 0) return discarded;
    after = page.number(page.rows() - 1, 0);
    const std::vector<std::int64_t> ids = healed(page);
    if (!ids.empty()) discarded += discard(ids).letters;
  }
}

/// The letters (id, key) of `page` whose key has in no target a row that must go.
std::vector<std::int64_t> DeadLetters::healed(const pg::Result& page) {
  std::vector<std::string> keys;
  for (int row = 0; row < page.rows(); ++row) keys.push_back(pg::bytes_of_bytea(page.at(row, 1)));
  std::vector<std::size_t> targets_without(keys.size());
  for (const Target& target : table_.targets)
    for (const std::size_t place : without_ghost(connection_, table_, target, keys))
      ++targets_without[place];
  std::vector<std::int64_t> ids;
  for (int row = 0; row < page.rows(); ++row)
    if (targets_without[static_cast<std::size_t>(row)] == table_.targets.size())
      ids.push_back(page.number(row, 0));
  return ids;
}

std::map<std::string, std::int64_t> DeadLetters::by_key(std::span<const std::string> keys) {
  pg::Array list;
  for (const std::string& key : keys) pg::append_bytea(list, key);
  const pg::Result rows =
      connection_.run(fmt::format(R"(SELECT d.key, max(d.dead_letter_id)
FROM (SELECT k::bytea AS key FROM unnest($2::text[]) AS k) w JOIN {} d ON sha256(d.key) = sha256(w.key)
WHERE d.replica_id = $1::integer GROUP BY d.key)",
                                  state_name(table_.state_schema, "dead_letter")),
                      std::move(pg::Params{}.number(table_.id).array(list)));
  std::map<std::string, std::int64_t> letters;
  for (int row = 0; row < rows.rows(); ++row)
    letters.emplace(pg::bytes_of_bytea(rows.at(row, 0)), rows.number(row, 1));
  return letters;
}

}  // namespace dynamite
