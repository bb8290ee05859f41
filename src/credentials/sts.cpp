#include "credentials/sts.hpp"

#include <fmt/format.h>

#include "aws/xml_text.hpp"

namespace dynamite {
namespace {

constexpr std::chrono::milliseconds kRetryDelayMax{1'000};
// An answer has some 2 kB; what is larger is none.
constexpr std::size_t kAnswerBytesMax = 64U << 10U;

/// The same keys each time; without an id, none.
class FixedCredentials : public CredentialsProvider {
 public:
  explicit FixedCredentials(Credentials keys) : keys_{std::move(keys)} {}
  Credentials get() override { return keys_; }

 private:
  Credentials keys_;
};

KeySet read_answer(const std::string& xml, const std::string& operation) {
  if (xml.size() > kAnswerBytesMax)
    throw Error{Error::Kind::transient, fmt::format("the answer to {} is larger than {} bytes",
                                                    operation, kAnswerBytesMax)};
  const auto text = [&](const char* name) {
    const auto texts = xml_texts(xml, name);
    if (texts.size() != 1 || texts.front().empty())
      throw Error{Error::Kind::transient,
                  fmt::format("the answer to {} has {} elements {}, but must have one", operation,
                              texts.size(), name)};
    return texts.front();
  };
  return {.keys = {text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")},
          .expiry = parse_expiry(text("Expiration"), operation)};
}

KeySet ask_sts(const CredentialsContext& context, const QueryCall& call, const Credentials& keys) {
  if (context.region.empty())
    throw Error{Error::Kind::usage,
                fmt::format("{} needs a region, but none is set", call.operation),
                "set AWS_REGION"};
  FixedCredentials provider{keys};
  AwsOptions options{.region = context.region,
                     .endpoints = {{Service::sts, context.sts_endpoint}},
                     .attempts_max = kKeyAttemptsMax,
                     .retry_delay_max = kRetryDelayMax};
  AwsClient client{std::move(options), context.transport, provider};
  return read_answer(client.query(Service::sts, call), call.operation);
}

/// What both calls say of the role.
QueryCall call_for(const CredentialsContext& context, const Role& role, std::string operation) {
  const std::string session =
      role.session_name.empty()
          ? fmt::format("dynamite-{}", std::chrono::system_clock::to_time_t(context.now()))
          : role.session_name;
  QueryCall call{.operation = std::move(operation),
                 .version = "2011-06-15",
                 .parameters = {{"RoleArn", role.arn}, {"RoleSessionName", session}}};
  if (!role.duration_seconds.empty())
    call.parameters.emplace("DurationSeconds", role.duration_seconds);
  return call;
}

}  // namespace

KeySet assume_role(const CredentialsContext& context, const Role& role, const Credentials& keys) {
  QueryCall call = call_for(context, role, "AssumeRole");
  if (!role.external_id.empty()) call.parameters.emplace("ExternalId", role.external_id);
  return ask_sts(context, call, keys);
}

KeySet assume_role_with_web_identity(const CredentialsContext& context, const Role& role,
                                     const std::string& token_file) {
  QueryCall call = call_for(context, role, "AssumeRoleWithWebIdentity");
  std::string token = read_secret_file(token_file, "web identity token file");
  token.erase(token.find_last_not_of("\r\n") + 1);
  call.parameters.emplace("WebIdentityToken", token);
  return ask_sts(context, call, {});
}

}  // namespace dynamite
