#include "layout/json_pointer.hpp"

namespace dynamite {

void append_pointer_step(std::string& out, std::string_view name) {
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
}

}  // namespace dynamite
