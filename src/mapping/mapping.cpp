#include "mapping/mapping.hpp"

namespace dynamite {

Layout Mapping::layout(const KeySchema& keys) const {
  return rules.layout == LayoutKind::document ? Layout::document(keys, columns, rules.keeps())
                                              : Layout::columns(keys, columns, rules.keeps());
}

}  // namespace dynamite
