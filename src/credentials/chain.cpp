#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

#include "credentials/credentials.hpp"
#include "credentials/key_set.hpp"
#include "credentials/metadata.hpp"
#include "credentials/process.hpp"
#include "credentials/profile.hpp"
#include "credentials/refresh.hpp"
#include "credentials/sts.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

// The process may ask its user for something.
constexpr auto kProcessLimit = 60s;

std::optional<KeySet> from_environment(const CredentialsContext& context) {
  const auto id = variable(context.environment, "AWS_ACCESS_KEY_ID");
  const auto secret = variable(context.environment, "AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return std::nullopt;
  if (!id || !secret)
    throw Error{
        Error::Kind::usage,
        fmt::format("{} is set, but {} is not", id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID")};
  constexpr std::string_view expiration = "AWS_CREDENTIAL_EXPIRATION";
  if (const auto end = variable(context.environment, expiration))
    if (parse_expiry(*end, expiration) <= context.now())
      throw Error{
          Error::Kind::usage,
          fmt::format("the credentials of the environment have expired: {} is over", expiration),
          "renew them"};
  const auto token = variable(context.environment, "AWS_SESSION_TOKEN");
  return KeySet{
      .keys = {*id, *secret,
               token ? *token : variable(context.environment, "AWS_SECURITY_TOKEN").value_or("")},
      .reread = true};
}

/// Web identity of the environment: how EKS hands a role to a service account.
std::optional<KeySet> from_web_identity(const CredentialsContext& context) {
  const Environment& environment = context.environment;
  const auto file = variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file) return std::nullopt;
  const auto arn = variable(environment, "AWS_ROLE_ARN");
  if (!arn)
    throw Error{Error::Kind::usage, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"};
  const Role role{.arn = *arn,
                  .session_name = variable(environment, "AWS_ROLE_SESSION_NAME").value_or("")};
  return assume_role_with_web_identity(context, role, *file);
}

/// Keys and token of one section only: a token of another's keys opens nothing.
std::optional<KeySet> from_section(const Profile& profile,
                                   const std::map<std::string, std::string>& section) {
  const auto value = [&](const char* key) {
    const auto found = section.find(key);
    return found == section.end() ? std::string{} : found->second;
  };
  Credentials keys{value("aws_access_key_id"), value("aws_secret_access_key"),
                   value("aws_session_token")};
  const bool id = !keys.access_key_id.empty();
  if (id == keys.secret_access_key.empty())
    throw Error{Error::Kind::usage,
                fmt::format("profile \"{}\" has {}, but not {}", profile.name,
                            id ? "aws_access_key_id" : "aws_secret_access_key",
                            id ? "aws_secret_access_key" : "aws_access_key_id")};
  if (!id) return std::nullopt;
  return KeySet{.keys = std::move(keys), .reread = true};
}

/// Refuses a way to get keys that only the AWS command line knows.
[[noreturn]] void refuse_way(const Profile& profile, std::string_view way) {
  throw Error{
      Error::Kind::usage,
      fmt::format("profile \"{}\" has {}, which is not supported", profile.name, way),
      fmt::format("run `eval \"$(aws configure export-credentials --format env --profile {})\"`",
                  profile.name)};
}

KeySet parse_process_output(const std::string& json) {
  constexpr std::string_view source = "credential_process";
  KeySet set = parse_key_document(json, "SessionToken", source);
  simdjson::dom::parser parser;
  std::int64_t version = 0;
  if (parser.parse(json)["Version"].get(version) != simdjson::SUCCESS || version != 1)
    throw Error{Error::Kind::usage, fmt::format("{} gave no Version 1", source)};
  return set;
}

std::optional<KeySet> from_process(const Profile& profile) {
  const auto command = profile.value("credential_process");
  if (!command) return std::nullopt;
  const auto words = split_command_line(*command);
  if (words.empty())
    throw Error{Error::Kind::usage,
                fmt::format("credential_process of profile \"{}\" is empty", profile.name)};
  return parse_process_output(output_of(words, kProcessLimit));
}

bool has_role(const Profile& profile) {
  return profile.value("role_arn") && !profile.value("web_identity_token_file");
}

Role role_of(const Profile& profile) {
  const auto value = [&](const char* key) { return profile.value(key).value_or(""); };
  Role role{.arn = value("role_arn"),
            .session_name = value("role_session_name"),
            .external_id = value("external_id"),
            .duration_seconds = value("duration_seconds")};
  const bool digits = role.duration_seconds.find_first_not_of("0123456789") == std::string::npos;
  if (!digits)
    throw Error{Error::Kind::usage, fmt::format("duration_seconds of profile \"{}\" is \"{}\", "
                                                "wanted a number of seconds from 900 to 43200",
                                                profile.name, role.duration_seconds)};
  return role;
}

/// Follows profiles that take their keys from others.
class ProfileChain {
 public:
  explicit ProfileChain(const CredentialsContext& context) : context_{context} {}

  KeySet assume(const Profile& profile);
  /// Absent: the profile names no keys.
  std::optional<KeySet> own_keys(const Profile& profile) const;

 private:
  KeySet of_credential_source(const Profile& profile, const std::string& source) const;
  KeySet of_source_profile(const Profile& profile, const std::string& source);

  const CredentialsContext& context_;
  std::vector<std::string> visited_;
};

KeySet ProfileChain::assume(const Profile& profile) {
  if (std::ranges::find(visited_, profile.name) != visited_.end())
    throw Error{Error::Kind::usage, fmt::format("source_profile leads in a circle: {} -> {}",
                                                fmt::join(visited_, " -> "), profile.name)};
  visited_.push_back(profile.name);
  if (profile.value("mfa_serial")) refuse_way(profile, "mfa_serial");
  const Role role = role_of(profile);
  const auto source_profile = profile.value("source_profile");
  const auto credential_source = profile.value("credential_source");
  if (source_profile.has_value() == credential_source.has_value())
    throw Error{Error::Kind::usage,
                fmt::format("profile \"{}\" has role_arn with {} source_profile {} "
                            "credential_source, wanted one of them",
                            profile.name, source_profile ? "both" : "neither",
                            source_profile ? "and" : "nor")};
  const KeySet source = source_profile ? of_source_profile(profile, *source_profile)
                                       : of_credential_source(profile, *credential_source);
  return assume_role(context_, role, source.keys);
}

KeySet ProfileChain::of_source_profile(const Profile& profile, const std::string& source) {
  const auto from = read_profile(context_.environment, source);
  if (!from)
    throw Error{Error::Kind::usage,
                fmt::format("profile \"{}\" has source_profile \"{}\", but neither {} has that "
                            "profile",
                            profile.name, source, shared_files(context_.environment))};
  // A profile may name itself: the role is then taken on with the keys beside it.
  if (source != profile.name && has_role(*from)) return assume(*from);
  if (auto keys = own_keys(*from)) return *keys;
  throw Error{Error::Kind::usage,
              fmt::format("profile \"{}\" has source_profile \"{}\", which has no keys",
                          profile.name, source)};
}

KeySet ProfileChain::of_credential_source(const Profile& profile, const std::string& source) const {
  std::optional<KeySet> keys;
  if (source == "Environment") {
    keys = from_environment(context_);
  } else if (source == "Ec2InstanceMetadata") {
    keys = instance_credentials(context_);
  } else if (source == "EcsContainer") {
    keys = container_credentials(context_);
  } else {
    throw Error{Error::Kind::usage,
                fmt::format("credential_source of profile \"{}\" is \"{}\", wanted Environment, "
                            "Ec2InstanceMetadata or EcsContainer",
                            profile.name, source)};
  }
  if (!keys)
    throw Error{Error::Kind::usage, fmt::format("credential_source of profile \"{}\" is {}, which "
                                                "has no keys",
                                                profile.name, source)};
  return *keys;
}

std::optional<KeySet> ProfileChain::own_keys(const Profile& profile) const {
  if (const auto file = profile.value("web_identity_token_file")) {
    if (!profile.value("role_arn"))
      throw Error{Error::Kind::usage,
                  fmt::format("profile \"{}\" has web_identity_token_file, but not role_arn",
                              profile.name)};
    return assume_role_with_web_identity(context_, role_of(profile), *file);
  }
  if (auto keys = from_section(profile, profile.credentials)) return keys;
  auto config_keys = from_section(profile, profile.config);
  if (!config_keys)
    for (const char* way : {"sso_session", "sso_start_url", "login_session"})
      if (profile.value(way)) refuse_way(profile, way);
  if (auto keys = from_process(profile)) return keys;
  return config_keys;
}

/// The machine's keys come last. Outside EC2 nobody answers, which is no error.
KeySet from_instance(const CredentialsContext& context) {
  std::string outcome = "instance metadata is switched off or has no role";
  try {
    if (auto keys = instance_credentials(context)) return *keys;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) throw;
    outcome = error.what();
  }
  throw Error{
      Error::Kind::usage,
      fmt::format("no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                  "AWS_WEB_IDENTITY_TOKEN_FILE nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set, no "
                  "keys in profile \"{}\" of {}, {}",
                  profile_name(context.environment), shared_files(context.environment), outcome),
      "set AWS_PROFILE, or run `aws configure`"};
}

/// The order of the AWS SDKs. A source that is set up but fails is an error: the next one's keys
/// would be somebody else's.
KeySet find_keys(const CredentialsContext& context) {
  if (auto keys = from_environment(context)) return *keys;
  const std::string name = profile_name(context.environment);
  const auto profile = read_profile(context.environment, name);
  if (!profile && variable(context.environment, "AWS_PROFILE"))
    throw Error{Error::Kind::usage, fmt::format("AWS_PROFILE names \"{}\", but neither {} has that "
                                                "profile",
                                                name, shared_files(context.environment))};
  ProfileChain chain{context};
  if (profile && has_role(*profile)) return chain.assume(*profile);
  if (auto keys = from_web_identity(context)) return *keys;
  if (profile)
    if (auto keys = chain.own_keys(*profile)) return *keys;
  if (auto keys = container_credentials(context)) return *keys;
  return from_instance(context);
}

}  // namespace

std::unique_ptr<CredentialsProvider> make_default_credentials(CredentialsContext context) {
  const auto now = context.now;
  return std::make_unique<RefreshingCredentials>(
      [context = std::move(context)] { return find_keys(context); }, now);
}

}  // namespace dynamite
