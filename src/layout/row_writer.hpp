#pragma once

#include <string_view>
#include <vector>

#include "layout/attribute_note.hpp"
#include "layout/natural_json.hpp"
#include "pg/row_sink.hpp"

namespace dynamite {

/// Makes the values of a row from an item's image. Each thread has its own writer.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  /// `image`: the DynamoDB JSON of the next row's item, which must live until the row is written.
  /// `key`: the key that the image's record names, null for an item that is its own record; see
  /// append_natural_json.
  virtual void read(std::string_view image, const ImageKey* key) = 0;

  /// Writes the next of the row's value columns, in the order of Layout::values(). Throws
  /// Error{poison} if PostgreSQL could not hold the image: the row must be undone.
  virtual void write_next(pg::RowSink& row) = 0;

  /// What stood in no column of the rows since the last call: each name with each type once,
  /// sorted. Not all of them where there are very many, and no name of more than kNotedNameMax
  /// bytes.
  virtual std::vector<AttributeNote> take_notes() { return {}; }
};

}  // namespace dynamite
