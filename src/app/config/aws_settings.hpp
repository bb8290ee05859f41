#pragma once

#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "core/environment.hpp"

namespace dynamite {

/// Reads what the AWS SDKs read beside credentials: region (where `config` has none), endpoints and
/// certificates, from the environment and the profile. Adds to `problems` what is wrong, and
/// settings that would change where a call goes and are not supported; `config.remarks` gets those
/// that are passed over.
void read_aws_settings(const Environment& environment, Config& config,
                       std::vector<std::string>& problems);

}  // namespace dynamite
