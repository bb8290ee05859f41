#pragma once

#include <map>
#include <optional>
#include <string>

namespace dynamite {

/// Sections of an AWS shared file: [name] and `key = value`, comments behind # or ;.
using IniFile = std::map<std::string, std::map<std::string, std::string>>;

/// Absent: the file cannot be read.
std::optional<IniFile> read_ini_file(const std::string& path);

}  // namespace dynamite
