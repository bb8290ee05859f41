#include "aws/rds_token.hpp"

#include <fmt/format.h>

#include "aws/sigv4.hpp"

namespace dynamite {

std::string rds_auth_token(const RdsLogin& login, const Credentials& credentials,
                           std::chrono::system_clock::time_point now) {
  const std::string date = to_amz_date(now);
  const SigningScope scope{login.region, "rds-db"};
  const std::string host = fmt::format("{}:{}", login.host, login.port);
  const std::string credential = fmt::format("{}/{}/{}/{}/aws4_request", credentials.access_key_id,
                                             date.substr(0, 8), scope.region, scope.service);
  std::string query = fmt::format(
      "Action=connect&DBUser={}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}"
      "&X-Amz-Expires=900&X-Amz-SignedHeaders=host",
      percent_encode(login.user), percent_encode(credential), date);
  if (!credentials.session_token.empty())
    query += "&X-Amz-Security-Token=" + percent_encode(credentials.session_token);
  const std::string signed_by =
      signature({.method = "GET", .path = "/", .query = query, .headers = {{"host", host}}}, scope,
                credentials, date);
  return fmt::format("{}/?{}&X-Amz-Signature={}", host, query, signed_by);
}

}  // namespace dynamite
