#include "aws/rds_token.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <ctime>

#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using simdjson::dom::element;

std::string text(element object, const char* member) {
  std::string_view value;
  return object[member].get(value) == simdjson::SUCCESS ? std::string{value} : std::string{};
}

std::chrono::system_clock::time_point time_of(const std::string& amz_date) {
  tm parts{};
  if (strptime(amz_date.c_str(), "%Y%m%dT%H%M%SZ", &parts) == nullptr)
    throw std::runtime_error{"no time: " + amz_date};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

TEST(RdsToken, AgreesWithTheVectors) {
  simdjson::dom::parser parser;
  const element file = parser.parse(read_testdata("sigv4/generated/vectors.json"));
  const simdjson::dom::array vectors = file["vectors"];
  int seen = 0;
  for (const element vector : vectors) {
    if (text(vector, "kind") != "rds-iam-auth-token") continue;
    const std::int64_t port = vector["port"];

    EXPECT_EQ(rds_auth_token({.host = text(vector, "host"),
                              .port = std::to_string(port),
                              .user = text(vector, "user"),
                              .region = text(vector, "region")},
                             {.access_key_id = text(vector, "access_key_id"),
                              .secret_access_key = text(vector, "secret_access_key"),
                              .session_token = text(vector, "session_token")},
                             time_of(text(vector, "amz_date"))),
              text(vector, "token"));
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace dynamite::test
