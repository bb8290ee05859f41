#include "replica/apply/rows.hpp"

#include <algorithm>

#include "core/key.hpp"
#include "layout/natural_json.hpp"

namespace dynamite {
namespace {

// A multi-argument unnest materialises its rows in work_mem, and shorter statements overlap better
// with our own work: measured best between 100 and 1,000 rows.
constexpr std::size_t kStatementRowsMax = 250;
constexpr std::size_t kStatementBytesMax = 1U << 20U;

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
}

void append_key_part_text(pg::Array& array, std::string_view part, KeyType type) {
  type == KeyType::B ? append_bytes(array, part) : array.append(part);
}

bool is_storable(std::string_view part, const KeyAttribute& attribute) {
  return attribute.type != KeyType::S || part.find('\0') == part.npos;
}

void check_key_part(std::string_view part, const KeyAttribute& attribute) {
  if (!is_storable(part, attribute))
    throw Error{Error::Kind::poison, "key attribute \"" + attribute.name +
                                         "\" holds U+0000, which PostgreSQL's text cannot store"};
}

bool is_full(const RowArrays& statement) {
  return statement.size() >= kStatementRowsMax || statement.item.bytes() >= kStatementBytesMax;
}

void append_version(pg::Array& array, const Version& version) {
  std::string_view text = version.digits();
  std::string without_point;
  std::int64_t exponent = 0;
  if (const std::size_t point = text.find('.'); point != text.npos) {
    without_point = text;
    without_point.erase(point, 1);
    text = without_point;
    exponent = static_cast<std::int64_t>(point) - std::ssize(text);
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  array.append(pg::Decimal{.digits = text, .exponent = exponent});
}

/// The key of a scanned item was read in the item itself.
void append_image(std::string& item, std::string& types, const Change& change,
                  const KeySchema& key_schema) {
  if (change.kind == ChangeKind::scanned) return append_natural_json(item, types, change.image);
  const ImageKey key{.schema = key_schema, .canonical = change.key};
  append_natural_json(item, types, change.image, &key);
}

void append_put(RowArrays& arrays, const Change& change, const KeySchema& key_schema) {
  arrays.item.begin();
  arrays.types.begin();
  const std::size_t no_types = arrays.types.buffer().size();
  try {
    append_image(arrays.item.buffer(), arrays.types.buffer(), change, key_schema);
    append_key(arrays, change.key, key_schema);
  } catch (const Error&) {
    arrays.item.undo();
    arrays.types.undo();
    throw;
  }
  arrays.item.end();
  if (arrays.types.buffer().size() == no_types) {
    arrays.types.undo();
    arrays.types.append_null();
  } else {
    arrays.types.end();
  }
  arrays.time.append_timestamp(change.time.time_since_epoch().count());
  append_version(arrays.version, change.version);
}

/// Of what has been passed on only the memory is kept.
void swap_values(RowArrays& a, RowArrays& b) {
  for (const auto array : {&RowArrays::item, &RowArrays::types, &RowArrays::time}) {
    std::swap(a.*array, b.*array);
    (a.*array).clear();
    (b.*array).clear();
  }
}

void append_remove(RowArrays& arrays, const Change& change, const KeySchema& key_schema) {
  append_key(arrays, change.key, key_schema);
  append_version(arrays.version, change.version);
}

// A key that cannot be stored has no row to stamp.
void append_stamp(Rows& rows, const Change& change, const KeySchema& key_schema) {
  if (change.kind != ChangeKind::scanned) return;
  const KeyParts parts = split_key(change.key);
  if (is_storable(parts.parts[0], key_schema.partition) &&
      (!key_schema.sort || is_storable(parts.parts[1], *key_schema.sort)))
    append_key(room(rows.stamps), change.key, key_schema);
}

}  // namespace

void append_bytes(pg::Array& array, std::string_view bytes) {
  array.begin();
  append_hex(array.buffer(), bytes);
  array.end();
}

void append_key(RowArrays& arrays, std::string_view key, const KeySchema& key_schema) {
  const KeyParts parts = split_key(key);
  if (parts.count != (key_schema.sort ? 2U : 1U))
    throw Error{Error::Kind::bug, "a key has another number of parts than its table"};
  check_key_part(parts.parts[0], key_schema.partition);
  if (key_schema.sort) check_key_part(parts.parts[1], *key_schema.sort);
  append_key_part_text(arrays.k1, parts.parts[0], key_schema.partition.type);
  if (key_schema.sort) append_key_part_text(arrays.k2, parts.parts[1], key_schema.sort->type);
}

RowArrays& room(std::vector<RowArrays>& statements) {
  if (statements.empty() || is_full(statements.back())) statements.emplace_back();
  return statements.back();
}

DeadLetter dead_letter(const Change& change, const Error& reason) {
  return {.key = change.key,
          .record = change.record,
          .version = std::string{change.version.digits()},
          .reason = reason.what(),
          .sqlstate = {},
          .constraint = {}};
}

void set_aside(Rows& rows, const Change& change, const Error& reason, const KeySchema& key_schema) {
  rows.dead_letters.push_back(dead_letter(change, reason));
  append_stamp(rows, change, key_schema);
}

Rows make_rows(std::span<const Change> changes, const KeySchema& key_schema,
               const PutsReady& ready) {
  Rows rows;
  const auto lowest = std::ranges::min_element(changes, {}, &Change::version);
  rows.lowest_version = lowest == changes.end() ? "0" : std::string{lowest->version.digits()};
  RowArrays spare;
  const auto pass_on = [&] {
    RowArrays& puts = rows.puts.back();
    ready(puts, rows.lowest_version);
    swap_values(puts, spare);
  };
  for (const Change& change : changes) {
    try {
      if (change.kind == ChangeKind::remove) {
        append_remove(room(rows.removes), change, key_schema);
        continue;
      }
      if (ready && !rows.puts.empty() && is_full(rows.puts.back())) {
        pass_on();
        swap_values(rows.puts.emplace_back(), spare);
      }
      append_put(room(rows.puts), change, key_schema);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      set_aside(rows, change, error, key_schema);
    }
  }
  if (ready && !rows.puts.empty()) pass_on();
  return rows;
}

}  // namespace dynamite
