#pragma once

#include <optional>
#include <string>

#include "core/environment.hpp"

namespace dynamite {

/// certificates.pem beside the program: what a Lambda package brings along.
std::optional<std::string> packaged_certificates();

/// The certificates to verify hosts by: SSL_CERT_FILE, those of the package, or those of the
/// system.
std::optional<std::string> trusted_certificates(const Environment& environment);

}  // namespace dynamite
