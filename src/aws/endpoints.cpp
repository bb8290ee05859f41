#include "aws/endpoints.hpp"

#include <fmt/format.h>

namespace dynamite {

std::string default_endpoint(Service service, std::string_view region) {
  std::string_view suffix = "amazonaws.com";
  if (region.starts_with("cn-")) suffix = "amazonaws.com.cn";
  if (region.starts_with("eusc-")) suffix = "amazonaws.eu";
  return fmt::format("https://{}.{}.{}",
                     service == Service::streams ? "streams.dynamodb" : "dynamodb", region, suffix);
}

std::string host_of(std::string_view endpoint) {
  if (const std::size_t scheme = endpoint.find("://"); scheme != endpoint.npos)
    endpoint.remove_prefix(scheme + 3);
  return std::string{endpoint.substr(0, endpoint.find('/'))};
}

}  // namespace dynamite
