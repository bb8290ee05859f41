#include "layout/natural_json.hpp"

#include "core/rollback.hpp"
#include "layout/image_transcoder.hpp"

namespace dynamite {

void append_natural_json(std::string& item, std::string& types, std::string_view image,
                         const ImageKey* key) {
  Rollback item_rollback{item};
  Rollback types_rollback{types};
  ImageTranscoder{types, image, key}.write_item(item);
  item_rollback.keep();
  types_rollback.keep();
}

}  // namespace dynamite
