#pragma once

#include <map>
#include <optional>
#include <string>

namespace dynamite {

using IniSection = std::map<std::string, std::string>;

/// Sections of an AWS shared file: [name] and `key = value`, comments behind # or ;. Keys are in
/// lower case. A setting that is nested below another, as those of a service are, has the key
/// `outer.inner`.
using IniFile = std::map<std::string, IniSection>;

/// Absent: the file cannot be read.
std::optional<IniFile> read_ini_file(const std::string& path);

}  // namespace dynamite
