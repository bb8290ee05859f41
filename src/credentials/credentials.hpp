#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/aws_client.hpp"
#include "core/environment.hpp"

namespace dynamite {

/// What the search for credentials needs.
struct CredentialsContext {
  Environment environment;
  Transport& transport;        ///< outlives the provider
  std::string region;          ///< whose STS is asked for roles
  std::string sts_endpoint{};  ///< scheme://host[:port]; empty: by region and partition
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

/// The chain of the AWS SDKs: environment, role of AWS_PROFILE, web identity, shared files,
/// credential_process, container, EC2 instance. Keys that end are renewed in time.
std::unique_ptr<CredentialsProvider> make_default_credentials(CredentialsContext context);

}  // namespace dynamite
