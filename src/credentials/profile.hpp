#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/environment.hpp"

namespace dynamite {

/// What the shared files say of one profile.
struct Profile {
  std::string name;
  std::map<std::string, std::string> credentials;  ///< of the credentials file
  std::map<std::string, std::string> config;       ///< of the config file

  /// The credentials file goes before. An empty value is none.
  std::optional<std::string> value(const std::string& key) const;
};

/// AWS_PROFILE, or "default".
std::string profile_name(const Environment& environment);

/// Absent: neither file has it. Reads the files anew at every call.
std::optional<Profile> read_profile(const Environment& environment, const std::string& name);

/// "FILE nor FILE", for messages.
std::string shared_files(const Environment& environment);

}  // namespace dynamite
