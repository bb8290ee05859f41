#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/value.hpp"

namespace dynamite {

/// What stands in a TOML file, not yet checked against the known keys.
struct FileSettings {
  std::vector<Setting> settings;
  std::vector<std::vector<Setting>> tables;  ///< of each [[table]]
  std::vector<std::string> problems;  ///< the text is not TOML, `table` not an array of tables
};

/// `name` is the file's, as messages show it.
FileSettings read_settings(std::string_view toml, const std::string& name);

}  // namespace dynamite
