#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "mapping/mapping.hpp"

namespace dynamite::bench {

/// Plain JSON of about so many bytes, or an item for typed columns.
enum class ItemSize {
  bytes_200,
  bytes_1k,
  bytes_4k,
  typed,      ///< 1 KB: 6 strings, 3 numbers, a boolean, a list and a map
  wide,       ///< ten of a hundred attributes, 0.5 KB
  entities,   ///< as typed, of ten entities; their records have the old image too
  scattered,  ///< as entities, but a customer's ten orders come far from one another
};

/// By the names that programs take.
const std::map<std::string, ItemSize>& item_sizes();

/// What the records of a round do, each to another key.
enum class Writes {
  ins,  ///< put new items
  upd,  ///< put the items of the first round anew
  del,  ///< remove what the round before, of kind ins, put
  mix,  ///< 60 % put new items, 30 % put items of the round before anew, 10 % remove such
};

/// Rounds of records of an order table with a composite string key. What a round is about exists
/// after the round before; the first one must be `ins`.
struct EventShape {
  ItemSize size = ItemSize::bytes_1k;
  Writes writes = Writes::ins;
  std::uint64_t records = 1'000;    ///< of the event
  std::uint64_t first = 0;          ///< the number of the event's first record in its round
  std::uint64_t round_records = 0;  ///< of the whole round; 0: those of the event
  std::uint64_t round = 0;          ///< another round, other values and newer versions
};

/// A Lambda event as AWS writes it: without white space, each record with its old image left out
/// unless the size has it.
std::string lambda_event(const EventShape& shape);

/// Layout `columns` with a column for every attribute of such items.
Mapping columns_of(ItemSize size);

/// Clauses that take one of ten entities each, by its prefix in the sort key or by its name in the
/// attribute "entity".
std::vector<std::string> entities_by_key();
std::vector<std::string> entities_by_attribute();

/// The answer of Scan that has the items that lambda_event puts.
std::string scan_page(const EventShape& shape);

/// The table that the records come from.
std::shared_ptr<const SourceTable> event_table();

}  // namespace dynamite::bench
