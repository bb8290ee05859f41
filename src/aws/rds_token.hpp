#pragma once

#include <chrono>
#include <string>

#include "aws/aws_client.hpp"

namespace dynamite {

/// Whom RDS shall let in.
struct RdsLogin {
  std::string host;  ///< the instance's or the proxy's own name, in lower case
  std::string port;
  std::string user;
  std::string region;
};

/// The password of IAM database authentication, computed without asking anybody: a GET that is
/// signed for 15 minutes. AWS's documentation calls it an authentication token.
std::string rds_auth_token(const RdsLogin& login, const Credentials& credentials,
                           std::chrono::system_clock::time_point now);

}  // namespace dynamite
