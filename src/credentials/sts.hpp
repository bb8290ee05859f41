#pragma once

#include "credentials/credentials.hpp"
#include "credentials/key_set.hpp"

namespace dynamite {

/// A role of IAM, and how it is taken on. Empty: not said.
struct Role {
  std::string arn;
  std::string session_name{};
  std::string external_id{};
  std::string duration_seconds{};
};

/// AssumeRole, signed with `keys`. Throws Error; AwsError for what AWS answered.
KeySet assume_role(const CredentialsContext& context, const Role& role, const Credentials& keys);

/// AssumeRoleWithWebIdentity, unsigned, with the token that `token_file` holds now.
KeySet assume_role_with_web_identity(const CredentialsContext& context, const Role& role,
                                     const std::string& token_file);

}  // namespace dynamite
