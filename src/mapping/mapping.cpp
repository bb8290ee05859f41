#include "mapping/mapping.hpp"

namespace dynamite {

Layout Mapping::layout(const KeySchema& keys) const {
  return rules.layout == LayoutKind::document ? Layout::document(keys, columns)
                                              : Layout::columns(keys, columns);
}

}  // namespace dynamite
