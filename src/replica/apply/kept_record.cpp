#include "replica/apply/kept_record.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "crypto/sha256.hpp"
#include "decode/record_time.hpp"
#include "decode/stream_record.hpp"
#include "json/item_key.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"
#include "replica/state/dead_letters.hpp"

namespace dynamite {
namespace {

bool leaves_out(const Target& target) {
  const MappingRules& rules = target.mapping.rules;
  return !rules.only.empty() || !rules.omit.empty() || !rules.hash.empty();
}

/// The members that can be read, up to the first fault.
StreamRecord members_of(std::string_view record) {
  StreamRecord members;
  try {
    JsonScanner scanner{record};
    read_stream_record(scanner, members);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
  }
  return members;
}

/// `token` stands for the name of a stream of the table.
bool is_stream_of(std::string_view token, const SourceTable& source) {
  if (!is_present(token)) return false;
  try {
    std::string text;
    append_unescaped(text, token);
    return parse_stream_arn(text).table_arn == source.arn;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    return false;
  }
}

bool is_event_name(std::string_view token) {
  constexpr std::array<std::string_view, 3> kNames{"INSERT", "MODIFY", "REMOVE"};
  return is_present(token) && std::ranges::find(kNames, token) != kNames.end();
}

std::string random_bytes() {
  std::string bytes(32, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1)
    throw Error{Error::Kind::transient, "OpenSSL has no random bytes"};
  return bytes;
}

/// The same for the same record, and another for any other, as long as this process lives. Nobody
/// can find the record by trying: the digest has a random key, which is kept nowhere else.
std::string mark_of(std::string_view record) {
  static const std::string kKey = random_bytes();
  std::string mark;
  append_base64(mark, hmac_sha256(kKey, record));
  return mark;
}

std::string without_content(const DeadLetter& letter, const Replica& replica) {
  const Version version = Version::parse(letter.version);
  const bool numbered = version != Version{};
  const StreamRecord members = members_of(letter.record);
  JsonObject record, body;
  record.text("content", "left out, as the table's mapping says");
  if (is_event_name(members.event_name)) record.text("eventName", members.event_name);
  if (is_stream_of(members.stream_arn, *replica.source))
    record.json("eventSourceARN", fmt::format("\"{}\"", members.stream_arn));
  if (is_present(members.time) && parse_record_time(members.time))
    body.json("ApproximateCreationDateTime", members.time);
  if (!letter.key.empty())
    body.json("Keys", key_json(replica.hashed_keys().of(letter.key), replica.keys()));
  if (numbered) body.text("SequenceNumber", version.sequence_number());
  if (letter.key.empty() && !numbered) record.text("mark", mark_of(letter.record));
  return record.json("dynamodb", body.finish()).finish();
}

}  // namespace

// What a sweep left has no more than its key, and must stay as it is: see is_swept_letter.
std::string kept_record(const DeadLetter& letter, const Replica& replica) {
  const bool whole = std::ranges::none_of(replica.targets, leaves_out);
  if (whole || (!letter.key.empty() &&
                letter.record == swept_record(letter.key, replica.source->key_schema)))
    return std::string{letter.record};
  return without_content(letter, replica);
}

}  // namespace dynamite
