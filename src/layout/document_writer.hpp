#pragma once

#include <cstddef>
#include <string>

#include "layout/row_writer.hpp"

namespace dynamite {

/// The writer of layout `document`: the item as natural JSON, and the types that natural JSON
/// cannot say. Columns of another layout stay NULL.
class DocumentWriter : public RowWriter {
 public:
  void read(std::string_view image, const ImageKey* key) override;
  void write_next(pg::RowSink& row) override;

 private:
  std::string_view image_;
  const ImageKey* key_ = nullptr;
  std::string types_;
  std::size_t next_ = 0;  // the value column that is written next
};

}  // namespace dynamite
