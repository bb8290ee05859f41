#include "app/wiring/secrets.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

#include "aws/json_member.hpp"
#include "core/error.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

std::string key_of_secret(std::string text) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(text).get(document) != simdjson::SUCCESS || !document.is_object()) return text;
  return member_text(document, "hash_key");
}

}  // namespace

std::string secret_text(const Context& context, AwsClients& aws, const std::string& name) {
  const std::string body =
      aws.client().call(Service::secrets_manager, "GetSecretValue",
                        JsonObject{}.text("SecretId", name).finish(), context.stop);
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer) != simdjson::SUCCESS)
    throw Error{Error::Kind::transient, "GetSecretValue answered no JSON"};
  return member_text(answer, "SecretString");
}

std::shared_ptr<const HashKey> find_hash_key(const Context& context) {
  const std::string& name = context.config.hash_key_secret;
  if (name.empty()) return context.config.hash_key;
  AwsClients aws{context, kRequestAttempts};
  std::string key = key_of_secret(secret_text(context, aws, name));
  if (key.size() < HashKey::kBytesMin)
    throw Error{
        Error::Kind::usage,
        fmt::format("the secret \"{}\" holds a key of hash of {} bytes, wanted at least {}, "
                    "as its text or as the member \"hash_key\" of a JSON object",
                    name, key.size(), HashKey::kBytesMin),
        "make one with `openssl rand -hex 32`"};
  return std::make_shared<const HashKey>(std::move(key));
}

}  // namespace dynamite
