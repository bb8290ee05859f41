#include "layout/document_writer.hpp"

namespace dynamite {

void DocumentWriter::read(std::string_view image, const ImageKey* key) {
  image_ = image;
  key_ = key;
  types_.clear();
  item_written_ = false;
}

void DocumentWriter::write_next(pg::RowSink& row) {
  if (!item_written_) {
    append_natural_json(row.begin_json(), types_, image_, key_);
    row.end_json();
    item_written_ = true;
  } else if (types_.empty()) {
    row.null();
  } else {
    row.json(types_);
  }
}

}  // namespace dynamite
