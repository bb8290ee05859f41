#include "credentials/profile.hpp"

#include <fmt/format.h>

#include "credentials/credentials.hpp"

namespace dynamite {
namespace {

std::string path_of(const Environment& environment, std::string_view name, std::string_view file) {
  if (auto path = variable(environment, name)) return *path;
  return variable(environment, "HOME").value_or("") + "/.aws/" + std::string{file};
}

std::string credentials_path(const Environment& environment) {
  return path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
}

std::string config_path(const Environment& environment) {
  return path_of(environment, "AWS_CONFIG_FILE", "config");
}

}  // namespace

std::optional<std::string> Profile::value(const std::string& key) const {
  for (const auto* section : {&credentials, &config})
    if (const auto found = section->find(key); found != section->end() && !found->second.empty())
      return found->second;
  return std::nullopt;
}

std::string profile_name(const Environment& environment) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})
    if (auto given = variable(environment, name)) return *given;
  return std::string{kDefaultProfile};
}

std::optional<Profile> read_profile(const Environment& environment, const std::string& name) {
  Profile profile{.name = name, .credentials = {}, .config = {}};
  bool found = false;
  const auto read = [&](const std::string& path, const std::string& section, auto& into) {
    const auto file = read_ini_file(path);
    if (!file || !file->contains(section)) return;
    into = file->at(section);
    found = true;
  };
  read(credentials_path(environment), name, profile.credentials);
  read(config_path(environment), name == kDefaultProfile ? name : "profile " + name,
       profile.config);
  return found ? std::optional{profile} : std::nullopt;
}

std::optional<IniSection> read_services(const Environment& environment, const std::string& name) {
  const auto file = read_ini_file(config_path(environment));
  const std::string section = "services " + name;
  if (!file || !file->contains(section)) return std::nullopt;
  return file->at(section);
}

std::string shared_files(const Environment& environment) {
  return fmt::format("{} nor {}", credentials_path(environment), config_path(environment));
}

}  // namespace dynamite
