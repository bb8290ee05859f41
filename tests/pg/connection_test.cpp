#include "pg/connection.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>

#include "support/errors.hpp"
#include "support/http_server.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Connection, AServerThatSaysNothingIsGivenUpWithTheLikelyCause) {
  HttpServer silent{[](const ServedRequest&) { return ServedResponse{.hang = true}; }};

  const Error error = error_of([&] {
    pg::Connection::open({.conninfo = fmt::format("postgresql://127.0.0.1:{}/db", silent.port()),
                          .application_name = "test",
                          .timeout = 100ms});
  });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("did not answer in time while connecting"));
  EXPECT_THAT(error.hint(), HasSubstr("security group"));
}

TEST(Connection, AStopWhileConnectingSaysThatItWasOne) {
  HttpServer silent{[](const ServedRequest&) { return ServedResponse{.hang = true}; }};
  std::stop_source stop;
  stop.request_stop();

  const Error error = error_of([&] {
    pg::Connection::open({.conninfo = fmt::format("postgresql://127.0.0.1:{}/db", silent.port()),
                          .application_name = "test"},
                         stop.get_token());
  });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("stopped while connecting"));
}

}  // namespace
}  // namespace dynamite::test
