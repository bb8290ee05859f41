#pragma once

#include <string>
#include <string_view>

#include "aws/aws_client.hpp"

namespace dynamite {

/// What a service's name is in signatures.
std::string_view signing_name(Service service) noexcept;

/// https://HOST of a service by region and partition (aws, aws-cn, aws-us-gov, aws-eusc).
std::string default_endpoint(Service service, std::string_view region);

/// What a VPC needs to reach a service without a way to the internet.
std::string_view vpc_endpoint(Service service) noexcept;

/// The host, with its port if there is one, of scheme://host[:port][/…].
std::string host_of(std::string_view endpoint);

}  // namespace dynamite
