#pragma once

#include <memory>
#include <string>

#include "app/wiring/source_tables.hpp"
#include "mapping/hash_key.hpp"

namespace dynamite {

/// The text of a secret of Secrets Manager. `name`: its ARN or name.
std::string secret_text(const Context& context, AwsClients& aws, const std::string& name);

/// The key of `hash`: the context's, or the one that `hash_key_secret` names: the secret's text, or
/// the member `hash_key` if that is a JSON object. Null: none is configured. Throws Error{usage} if
/// the key is too short.
std::shared_ptr<const HashKey> find_hash_key(const Context& context);

}  // namespace dynamite
