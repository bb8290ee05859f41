#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "layout/natural_json.hpp"
#include "pg/row_sink.hpp"

namespace dynamite {

/// An attribute that a row has, but no column stands for.
struct AttributeNote {
  std::string name;
  std::string type;  ///< of its value in DynamoDB: S, N, BOOL, B, SS, NS, BS, M, L, NULL

  auto operator<=>(const AttributeNote&) const = default;
};

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

  /// What attributes without a column the rows had since the last call, each once. Not all of them
  /// where there are very many.
  virtual std::vector<AttributeNote> take_notes() { return {}; }
};

}  // namespace dynamite
