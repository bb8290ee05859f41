#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// Where a text of JSON documents can be cut so that both sides are JSON.
struct ListCut {
  std::size_t size = 0;      ///< what stands before the cut
  std::size_t rest = 0;      ///< where the rest begins: behind the comma
  std::string_view closing;  ///< closes the part before the cut
  std::string opening;       ///< opens the rest
};

/// The last place behind a whole document. If there is none, the last place between two elements of
/// an unfinished list: an array, or the Records of an object. Only brackets and strings are looked
/// at.
std::optional<ListCut> find_list_cut(std::string_view text);

}  // namespace dynamite
