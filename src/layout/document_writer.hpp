#pragma once

#include <string>

#include "layout/row_writer.hpp"

namespace dynamite {

/// The writer of layout `document`: the item as natural JSON, and the types that natural JSON
/// cannot say.
class DocumentWriter : public RowWriter {
 public:
  void read(std::string_view image, const ImageKey* key) override;
  void write_next(pg::RowSink& row) override;

 private:
  std::string_view image_;
  const ImageKey* key_ = nullptr;
  std::string types_;
  bool item_written_ = false;
};

}  // namespace dynamite
