#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
#include "core/error.hpp"
#include "pg/array.hpp"

namespace dynamite {

/// The parameters of one statement: a row's parts stand at the same place of each array.
struct RowArrays {
  pg::Array k1, k2, item, types;
  pg::Array time{pg::ElementType::timestamptz};
  pg::Array version{pg::ElementType::numeric};

  std::size_t size() const noexcept { return k1.size(); }
};

/// A record set aside with its reason. The views look into the Batch.
struct DeadLetter {
  std::string_view key;  ///< canonical; empty if it could not be read
  std::string_view record;
  std::string version;  ///< decimal digits
  std::string reason;
  std::string sqlstate;    ///< empty if PostgreSQL was not asked
  std::string constraint;  ///< empty if none
};

/// Coalesced changes of one table as parameters, in statements of bounded size.
struct Rows {
  std::vector<RowArrays> puts;           ///< also scanned ones
  std::vector<RowArrays> removes;        ///< keys and versions
  std::vector<RowArrays> stamps;         ///< keys of scanned items that are dead letters
  std::vector<DeadLetter> dead_letters;  ///< changes that could not become rows
  std::string lowest_version;            ///< of all changes; "0" if there are none
};

/// Told of each statement of puts as soon as its parameters are complete.
using PutsReady = std::function<void(const RowArrays& puts, const std::string& lowest_version)>;

/// Transcodes each image into its row's parameters. `changes` must be sorted by key, one change a
/// key. A change that PostgreSQL could not hold becomes a dead letter. With `ready` the puts of the
/// result have only keys and versions left: the rest has been passed on, and its memory used again.
Rows make_rows(std::span<const Change> changes, const KeySchema& key_schema,
               const PutsReady& ready = {});

/// The statement that a row is added to; a new one if the last is full.
RowArrays& room(std::vector<RowArrays>& statements);

/// Of a change that PostgreSQL was not asked for.
DeadLetter dead_letter(const Change& change, const Error& reason);

/// A change that cannot become a row becomes a dead letter; a scanned one stamps its row.
void set_aside(Rows& rows, const Change& change, const Error& reason, const KeySchema& key_schema);

/// Appends the parts of canonical `key` as text that PostgreSQL casts to the key columns' types.
/// Throws Error{poison} if a part is a string with U+0000.
void append_key(RowArrays& arrays, std::string_view key, const KeySchema& key_schema);

/// Appends bytes as text that PostgreSQL casts to bytea.
void append_bytes(pg::Array& array, std::string_view bytes);

}  // namespace dynamite
