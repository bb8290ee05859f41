#pragma once

#include <string>
#include <string_view>

#include "aws/aws_client.hpp"

namespace dynamite {

/// What a service's name is in signatures.
std::string_view signing_name(Service service) noexcept;

/// https://HOST of a service by region and partition (aws, aws-cn, aws-us-gov, aws-eusc).
std::string default_endpoint(Service service, std::string_view region);

/// The host, with its port if there is one, of scheme://host[:port][/…].
std::string host_of(std::string_view endpoint);

}  // namespace dynamite
