#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace dynamite {

enum class Service : std::uint8_t { dynamodb, streams, lambda, cloudwatch, secrets_manager, sts };

/// All that the program knows of one service.
struct ServiceFacts {
  Service service;
  std::string_view host_prefix;   ///< its host is PREFIX.REGION and the partition's suffix
  std::string_view signing_name;  ///< what its name is in signatures
  /// AWS_ENDPOINT_URL_NAME is its endpoint; NAME in small letters is its name in the config file.
  std::string_view setting_name;
  std::string_view vpc_endpoint;  ///< what a VPC without a way to the internet needs to reach it
};

/// In the order of Service.
inline constexpr std::array kServices{
    ServiceFacts{.service = Service::dynamodb,
                 .host_prefix = "dynamodb",
                 .signing_name = "dynamodb",
                 .setting_name = "DYNAMODB",
                 .vpc_endpoint = "the gateway endpoint of DynamoDB"},
    ServiceFacts{.service = Service::streams,
                 .host_prefix = "streams.dynamodb",
                 .signing_name = "dynamodb",
                 .setting_name = "DYNAMODB_STREAMS",
                 .vpc_endpoint = "an interface endpoint of DynamoDB Streams"},
    ServiceFacts{.service = Service::lambda,
                 .host_prefix = "lambda",
                 .signing_name = "lambda",
                 .setting_name = "LAMBDA",
                 .vpc_endpoint = "an interface endpoint of Lambda"},
    ServiceFacts{.service = Service::cloudwatch,
                 .host_prefix = "monitoring",
                 .signing_name = "monitoring",
                 .setting_name = "CLOUDWATCH",
                 .vpc_endpoint = "an interface endpoint of CloudWatch (monitoring)"},
    ServiceFacts{.service = Service::secrets_manager,
                 .host_prefix = "secretsmanager",
                 .signing_name = "secretsmanager",
                 .setting_name = "SECRETS_MANAGER",
                 .vpc_endpoint = "an interface endpoint of Secrets Manager"},
    ServiceFacts{.service = Service::sts,
                 .host_prefix = "sts",
                 .signing_name = "sts",
                 .setting_name = "STS",
                 .vpc_endpoint = "an interface endpoint of STS"}};

constexpr const ServiceFacts& facts_of(Service service) noexcept {
  return kServices[static_cast<std::size_t>(service)];
}

/// scheme://host[:port] of each service; empty: by region and partition.
class Endpoints {
 public:
  Endpoints() = default;
  Endpoints(std::initializer_list<std::pair<Service, std::string>> given) {
    for (const auto& [service, url] : given) (*this)[service] = url;
  }

  std::string& operator[](Service service) noexcept {
    return urls_[static_cast<std::size_t>(service)];
  }
  const std::string& operator[](Service service) const noexcept {
    return urls_[static_cast<std::size_t>(service)];
  }
  bool operator==(const Endpoints&) const = default;

 private:
  std::array<std::string, kServices.size()> urls_;
};

/// https://HOST of a service by region and partition (aws, aws-cn, aws-us-gov, aws-eusc).
std::string default_endpoint(Service service, std::string_view region);

/// The host, with its port if there is one, of scheme://host[:port][/…].
std::string host_of(std::string_view endpoint);

}  // namespace dynamite
