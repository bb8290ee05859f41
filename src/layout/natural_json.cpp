#include "layout/natural_json.hpp"

#include "core/rollback.hpp"
#include "json/output.hpp"
#include "layout/image_transcoder.hpp"

namespace dynamite {

void append_natural_json(std::string& item, std::string& types, std::string_view image,
                         const ImageKey* key) {
  Rollback item_rollback{item};
  Rollback types_rollback{types};
  JsonOutput out{item, image};
  ImageTranscoder transcoder{types, image, key};
  bool first = true;
  out.put('{');
  transcoder.run([&](std::string_view name) {
    if (!first) out.put(',');
    first = false;
    ImageTranscoder::write_raw(out, name);
    out.put(':');
    transcoder.write_value(out);
  });
  out.put('}');
  out.finish();
  item_rollback.keep();
  types_rollback.keep();
}

}  // namespace dynamite
