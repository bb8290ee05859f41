#include <fmt/format.h>

#include "aws/aws_client.hpp"
#include "aws/ini_file.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

std::string profile_name(const Environment& environment) {
  return environment("AWS_PROFILE").value_or("default");
}

std::string path_of(const Environment& environment, std::string_view variable,
                    std::string_view name) {
  if (const auto path = environment(variable)) return *path;
  return environment("HOME").value_or("") + "/.aws/" + std::string{name};
}

using Section = std::map<std::string, std::string>;

std::string value_or_empty(const Section& section, const std::string& key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string{} : found->second;
}

/// What both shared files say of the profile; the credentials file wins.
std::optional<Section> profile_section(const Environment& environment) {
  const std::string name = profile_name(environment);
  std::optional<Section> merged;
  const auto merge = [&](const std::optional<IniFile>& file, const std::string& section) {
    if (!file) return;
    const auto found = file->find(section);
    if (found == file->end()) return;
    if (!merged) merged.emplace();
    for (const auto& [key, value] : found->second) (*merged)[key] = value;
  };
  merge(read_ini_file(path_of(environment, "AWS_CONFIG_FILE", "config")),
        name == "default" ? name : "profile " + name);
  merge(read_ini_file(path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")), name);
  return merged;
}

std::optional<Credentials> from_environment(const Environment& environment) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return std::nullopt;
  if (!id || !secret)
    throw Error{Error::Kind::usage, fmt::format("{} is set, but {} is not",
                                                id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                                id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID")};
  const auto token = environment("AWS_SESSION_TOKEN");
  return Credentials{*id, *secret,
                     token ? *token : environment("AWS_SECURITY_TOKEN").value_or("")};
}

std::optional<Credentials> from_shared_files(const Environment& environment) {
  const std::string name = profile_name(environment);
  const auto section = profile_section(environment);
  if (!section) {
    if (environment("AWS_PROFILE"))
      throw Error{Error::Kind::usage,
                  fmt::format("AWS_PROFILE names \"{}\", but the shared files have no such profile", name)};
    return std::nullopt;
  }
  Credentials credentials{value_or_empty(*section, "aws_access_key_id"),
                          value_or_empty(*section, "aws_secret_access_key"),
                          value_or_empty(*section, "aws_session_token")};
  if (credentials.access_key_id.empty() && credentials.secret_access_key.empty()) return std::nullopt;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    throw Error{Error::Kind::usage,
                fmt::format("profile \"{}\" has only one of aws_access_key_id and aws_secret_access_key", name)};
  return credentials;
}

/// Looks anew at every call: shared files are rewritten by the tools that refresh them.
class DefaultCredentials : public CredentialsProvider {
 public:
  explicit DefaultCredentials(Environment environment) : environment_{std::move(environment)} {}

  Credentials get() override {
    if (auto found = from_environment(environment_)) return *found;
    if (auto found = from_shared_files(environment_)) return *found;
    throw Error{Error::Kind::usage,
                fmt::format("no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor "
                            "profile \"{}\" in {} or {}",
                            profile_name(environment_),
                            path_of(environment_, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                            path_of(environment_, "AWS_CONFIG_FILE", "config")),
                "set AWS_PROFILE, or run `aws configure`"};
  }

 private:
  Environment environment_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> make_default_credentials(Environment environment) {
  return std::make_unique<DefaultCredentials>(std::move(environment));
}

std::optional<std::string> profile_region(const Environment& environment) {
  const auto section = profile_section(environment);
  if (!section) return std::nullopt;
  std::string region = value_or_empty(*section, "region");
  return region.empty() ? std::nullopt : std::optional{std::move(region)};
}

}  // namespace dynamite
