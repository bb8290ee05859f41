#include "core/error.hpp"

namespace dynamite {

std::string_view to_string(Error::Kind kind) noexcept {
  switch (kind) {
    case Error::Kind::usage:
      return "usage";
    case Error::Kind::poison:
      return "poison";
    case Error::Kind::transient:
      return "transient";
    case Error::Kind::fenced:
      return "fenced";
    case Error::Kind::gap:
      return "gap";
    case Error::Kind::gone:
      return "gone";
    case Error::Kind::bug:
      return "bug";
  }
  return "unknown";
}

}  // namespace dynamite
