#include "mapping/writer.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "mapping/projection.hpp"

namespace dynamite {
namespace {

/// Hands to another writer what is shown of an image. The image is held against its key before: the
/// key's attributes may be among what is not shown.
class ProjectingWriter : public RowWriter {
 public:
  ProjectingWriter(Projection projection, std::unique_ptr<RowWriter> inner)
      : projection_{std::move(projection)}, inner_{std::move(inner)} {}

  void read(std::string_view image, const ImageKey* key) override {
    inner_->read(projection_.project(image, key), nullptr);
  }
  void write_next(pg::RowSink& row) override { inner_->write_next(row); }
  std::vector<AttributeNote> take_notes() override { return inner_->take_notes(); }

 private:
  Projection projection_;
  std::unique_ptr<RowWriter> inner_;
};

}  // namespace

std::unique_ptr<RowWriter> writer_of(const MappingRules& rules, const Layout& layout,
                                     std::shared_ptr<const HashKey> hash_key) {
  Projection projection{rules, layout.keys().schema(), std::move(hash_key)};
  if (projection.shows_all()) return layout.writer();
  return std::make_unique<ProjectingWriter>(std::move(projection), layout.writer());
}

}  // namespace dynamite
