#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/environment.hpp"
#include "credentials/ini_file.hpp"

namespace dynamite {

/// What the shared files say of one profile.
struct Profile {
  std::string name;
  IniSection credentials;  ///< of the credentials file
  IniSection config;       ///< of the config file

  /// The credentials file goes before. An empty value is none.
  std::optional<std::string> value(const std::string& key) const;
};

inline constexpr std::string_view kDefaultProfile = "default";

/// AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default".
std::string profile_name(const Environment& environment);

/// Absent: neither file has it. Reads the files anew at every call.
std::optional<Profile> read_profile(const Environment& environment, const std::string& name);

/// The config file's section [services NAME]; absent: there is none.
std::optional<IniSection> read_services(const Environment& environment, const std::string& name);

/// "FILE nor FILE", for messages.
std::string shared_files(const Environment& environment);

}  // namespace dynamite
