#include "fuzz/fuzz.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "core/key.hpp"
#include "json/scanner.hpp"

namespace dynamite::fuzz {
namespace {

std::shared_ptr<const SourceTable> table(KeyAttribute partition, std::optional<KeyAttribute> sort) {
  return std::make_shared<const SourceTable>(
      SourceTable{.arn = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders",
                  .key_schema = {.partition = std::move(partition), .sort = std::move(sort)}});
}

bool is_within(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> not_behind;
  return not_behind(whole.data(), part.data()) &&
         not_behind(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "required: {}\n", what);
  std::abort();
}

void require_json(std::string_view text, bool any_escapes) {
  JsonScanner scanner{text};
  scanner.skip_value();
  scanner.expect_end();

  simdjson::dom::parser parser;
  const auto error = parser.parse(simdjson::padded_string{text}).error();
  const bool well = error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR ||
                    (any_escapes && error == simdjson::STRING_ERROR);
  require(well, simdjson::error_message(error));
}

const std::array<std::shared_ptr<const SourceTable>, 4>& tables() {
  static const std::array all{
      table({"Id", KeyType::N}, std::nullopt),
      table({"pk", KeyType::S}, std::nullopt),
      table({"pk", KeyType::S}, KeyAttribute{"sk", KeyType::N}),
      table({"pk", KeyType::B}, KeyAttribute{"sk", KeyType::S}),
  };
  return all;
}

void require_sound(const Batch& batch) {
  require(batch.table != nullptr, "a batch has its table");
  const KeySchema& key_schema = batch.table->key_schema;
  for (const Change& change : batch.changes) {
    require(split_key(change.key).count == (key_schema.sort ? 2U : 1U), "a key has all its parts");
    if (change.kind == ChangeKind::remove) {
      require(change.image.empty(), "a removal has no image");
      continue;
    }
    // A put of a stream without new images.
    if (change.kind == ChangeKind::put && change.image.empty()) continue;
    require(is_within(change.image, change.record), "an image is a part of its record");
    // Who reads an image checks it.
    const bool is_json = accepts({Error::Kind::poison}, [&] {
      JsonScanner scanner{change.image};
      scanner.skip_value();
      scanner.expect_end();
    });
    if (is_json) require_json(change.image, true);
  }
  for (const Rejected& rejected : batch.rejected)
    require(!rejected.reason.empty(), "a rejected record has a reason");
}

}  // namespace dynamite::fuzz
