#include "mapping/mapping.hpp"

namespace dynamite {

Layout Mapping::layout(const KeySchema& keys) const { return Layout::document(keys); }

}  // namespace dynamite
