#pragma once

#include "credentials/credentials.hpp"
#include "credentials/key_set.hpp"

namespace dynamite {

/// Keys of the container that we run in: ECS, EKS Pod Identity, Greengrass. Absent: no variable
/// names an endpoint. Throws Error.
std::optional<KeySet> container_credentials(const CredentialsContext& context);

/// Keys of the EC2 instance that we run on, by IMDSv2. Absent: switched off, or the instance has no
/// role. Throws Error; `transient` where nobody answers, as on every machine outside EC2.
std::optional<KeySet> instance_credentials(const CredentialsContext& context);

/// Sends once. Throws Error{transient}, which names `source` and the host instead of the URL, whose
/// query may be a secret.
HttpResponse ask(Transport& transport, const HttpRequest& request, std::string_view source);

}  // namespace dynamite
