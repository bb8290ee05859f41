#include "layout/document_writer.hpp"

namespace dynamite {

void DocumentWriter::read(std::string_view image, const ImageKey* key) {
  image_ = image;
  key_ = key;
  types_.clear();
  next_ = 0;
}

void DocumentWriter::write_next(pg::RowSink& row) {
  const std::size_t column = next_++;
  if (column == 0) {
    append_natural_json(row.begin_json(), types_, image_, key_);
    row.end_json();
  } else if (column > 1 || types_.empty()) {  // behind _types are columns of another layout
    row.null();
  } else {
    row.json(types_);
  }
}

}  // namespace dynamite
