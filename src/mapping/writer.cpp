#include "mapping/writer.hpp"

namespace dynamite {

std::unique_ptr<RowWriter> writer_of(const Mapping& /*mapping*/, const Layout& layout) {
  return layout.writer();
}

}  // namespace dynamite
