#include "aws/endpoints.hpp"

#include <fmt/format.h>

namespace dynamite {
namespace {

constexpr bool in_order_of_service() {
  for (std::size_t i = 0; i < kServices.size(); ++i)
    if (kServices[i].service != static_cast<Service>(i)) return false;
  return true;
}
static_assert(in_order_of_service());  // facts_of needs it

}  // namespace

std::string default_endpoint(Service service, std::string_view region) {
  std::string_view suffix = "amazonaws.com";
  if (region.starts_with("cn-")) suffix = "amazonaws.com.cn";
  if (region.starts_with("eusc-")) suffix = "amazonaws.eu";
  return fmt::format("https://{}.{}.{}", facts_of(service).host_prefix, region, suffix);
}

std::string host_of(std::string_view endpoint) {
  if (const std::size_t scheme = endpoint.find("://"); scheme != endpoint.npos)
    endpoint.remove_prefix(scheme + 3);
  return std::string{endpoint.substr(0, endpoint.find('/'))};
}

}  // namespace dynamite
