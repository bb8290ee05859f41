#include "aws/endpoints.hpp"

#include <fmt/format.h>

namespace dynamite {

namespace {

std::string_view host_prefix(Service service) noexcept {
  switch (service) {
    case Service::dynamodb:
      return "dynamodb";
    case Service::streams:
      return "streams.dynamodb";
    case Service::lambda:
      return "lambda";
    case Service::cloudwatch:
      return "monitoring";
    case Service::secrets_manager:
      return "secretsmanager";
    case Service::sts:
      return "sts";
  }
  return {};
}

}  // namespace

std::string_view signing_name(Service service) noexcept {
  if (service == Service::streams) return host_prefix(Service::dynamodb);
  return host_prefix(service);
}

std::string default_endpoint(Service service, std::string_view region) {
  std::string_view suffix = "amazonaws.com";
  if (region.starts_with("cn-")) suffix = "amazonaws.com.cn";
  if (region.starts_with("eusc-")) suffix = "amazonaws.eu";
  return fmt::format("https://{}.{}.{}", host_prefix(service), region, suffix);
}

std::string_view vpc_endpoint(Service service) noexcept {
  switch (service) {
    case Service::dynamodb:
      return "the gateway endpoint of DynamoDB";
    case Service::streams:
      return "an interface endpoint of DynamoDB Streams";
    case Service::lambda:
      return "an interface endpoint of Lambda";
    case Service::cloudwatch:
      return "an interface endpoint of CloudWatch (monitoring)";
    case Service::secrets_manager:
      return "an interface endpoint of Secrets Manager";
    case Service::sts:
      return "an interface endpoint of STS";
  }
  return {};
}

std::string host_of(std::string_view endpoint) {
  if (const std::size_t scheme = endpoint.find("://"); scheme != endpoint.npos)
    endpoint.remove_prefix(scheme + 3);
  return std::string{endpoint.substr(0, endpoint.find('/'))};
}

}  // namespace dynamite
