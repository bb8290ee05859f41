#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// The texts of all elements called `name` that hold nothing but text, in order, entities decoded.
/// For the flat answers of AWS's query protocol; anything else, such as a proxy's HTML, has none.
std::vector<std::string> xml_texts(std::string_view xml, std::string_view name);

}  // namespace dynamite
