#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "aws/aws_client.hpp"
#include "aws/ini_file.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

/// An empty variable is none: that is how containers pass on what is not set.
std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  auto value = environment(name);
  return value && !value->empty() ? std::move(value) : std::nullopt;
}

std::string profile_name(const Environment& environment) {
  return variable(environment, "AWS_PROFILE").value_or("default");
}

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

using Section = std::map<std::string, std::string>;

std::string value_or_empty(const Section& section, const std::string& key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string{} : found->second;
}

/// What the shared files say of the profile, the credentials file first.
std::vector<Section> profile_sections(const Environment& environment) {
  const std::string name = profile_name(environment);
  std::vector<Section> sections;
  const auto add = [&](const std::string& path, const std::string& section) {
    const auto file = read_ini_file(path);
    if (file && file->contains(section)) sections.push_back(file->at(section));
  };
  add(credentials_path(environment), name);
  add(config_path(environment), name == "default" ? name : "profile " + name);
  return sections;
}

std::optional<Credentials> from_environment(const Environment& environment) {
  const auto id = variable(environment, "AWS_ACCESS_KEY_ID");
  const auto secret = variable(environment, "AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return std::nullopt;
  if (!id || !secret)
    throw Error{
        Error::Kind::usage,
        fmt::format("{} is set, but {} is not", id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID")};
  const auto token = variable(environment, "AWS_SESSION_TOKEN");
  return Credentials{*id, *secret,
                     token ? *token : variable(environment, "AWS_SECURITY_TOKEN").value_or("")};
}

// Other ways to get keys, which we do not go. A role comes before the keys beside it; the others
// come behind.
constexpr std::array kOtherWays{"role_arn", "sso_session", "sso_start_url", "credential_process",
                                "login_session"};

/// A profile that says how to get other keys must not get those of somebody else.
void refuse_other_ways(const std::string& profile, const std::vector<Section>& sections) {
  const bool has_keys = std::ranges::any_of(
      sections, [](const Section& section) { return section.contains("aws_access_key_id"); });
  for (const std::string way : kOtherWays)
    for (const Section& section : sections)
      if (section.contains(way) && (way == "role_arn" || !has_keys))
        throw Error{
            Error::Kind::usage,
            fmt::format("profile \"{}\" has {}, but only aws_access_key_id and "
                        "aws_secret_access_key are understood",
                        profile, way),
            fmt::format(
                "run `eval \"$(aws configure export-credentials --format env --profile {})\"`",
                profile)};
}

/// Keys and token of one section only: a token of another's keys opens nothing.
std::optional<Credentials> from_shared_files(const Environment& environment) {
  const std::string name = profile_name(environment);
  const auto sections = profile_sections(environment);
  if (sections.empty() && variable(environment, "AWS_PROFILE"))
    throw Error{Error::Kind::usage,
                fmt::format("AWS_PROFILE names \"{}\", but neither {} nor {} has that profile",
                            name, credentials_path(environment), config_path(environment))};
  refuse_other_ways(name, sections);
  for (const Section& section : sections) {
    Credentials credentials{value_or_empty(section, "aws_access_key_id"),
                            value_or_empty(section, "aws_secret_access_key"),
                            value_or_empty(section, "aws_session_token")};
    const bool id = !credentials.access_key_id.empty();
    const bool secret = !credentials.secret_access_key.empty();
    if (id != secret)
      throw Error{Error::Kind::usage,
                  fmt::format("profile \"{}\" has {}, but not {}", name,
                              id ? "aws_access_key_id" : "aws_secret_access_key",
                              id ? "aws_secret_access_key" : "aws_access_key_id")};
    if (id) return credentials;
  }
  return std::nullopt;
}

/// Looks anew at every call: shared files are rewritten by the tools that refresh them.
class DefaultCredentials : public CredentialsProvider {
 public:
  explicit DefaultCredentials(Environment environment) : environment_{std::move(environment)} {}

  Credentials get() override {
    if (auto found = from_environment(environment_)) return *found;
    if (auto found = from_shared_files(environment_)) return *found;
    throw Error{Error::Kind::usage,
                fmt::format("no AWS credentials: neither AWS_ACCESS_KEY_ID and "
                            "AWS_SECRET_ACCESS_KEY nor profile \"{}\" in {} or {}",
                            profile_name(environment_), credentials_path(environment_),
                            config_path(environment_)),
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
  for (const auto& section : profile_sections(environment))
    if (std::string region = value_or_empty(section, "region"); !region.empty()) return region;
  return std::nullopt;
}

}  // namespace dynamite
