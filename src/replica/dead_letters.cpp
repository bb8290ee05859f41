#include "replica/dead_letters.hpp"

#include <fmt/format.h>

#include "replica/identifier.hpp"
#include "replica/newest_versions.hpp"

namespace dynamite {
namespace {

constexpr int kPage = 250;

std::string id_list(std::span<const std::int64_t> ids) {
  return fmt::format("{{{}}}", fmt::join(ids, ","));
}

/// bytea as PostgreSQL writes it, `\\x` and hexadecimal digits.
std::string bytes_of(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 2; at + 1 < text.size(); at += 2)
    bytes += static_cast<char>(std::stoi(std::string{text.substr(at, 2)}, nullptr, 16));
  return bytes;
}

}  // namespace

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
                       .key = bytes_of(rows.at(row, 1)),
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
  return bytes_of(rows.at(0, 0));
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

std::vector<std::int64_t> DeadLetters::overtaken(std::span<const StoredLetter> letters) {
  if (letters.empty()) return {};
  std::vector<std::string> keys;
  for (const StoredLetter& letter : letters) keys.push_back(letter.key);
  const NewestVersions newest = newest_versions(connection_, table_, keys);
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < letters.size(); ++i)
    if (newest.versions[i] > letters[i].version) ids.push_back(letters[i].id);
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
  return discarded;
}

}  // namespace dynamite
