#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/fixture.hpp"
#include "support/process.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {

/// The built program as a Lambda function.
class LambdaTest : public IngestTest {
 protected:
  std::unique_ptr<Process> start(RuntimeApi& api, std::map<std::string, std::string> more = {}) {
    std::map<std::string, std::string> environment{{"AWS_LAMBDA_RUNTIME_API", api.address()},
                                                   {"DYNAMITE_URL", url()},
                                                   {"DYNAMITE_SCHEMA", schema()},
                                                   {"DYNAMITE_STATE_SCHEMA", state_schema()}};
    more.merge(environment);
    return std::make_unique<Process>(std::vector<std::string>{DYNAMITE_PROGRAM}, more);
  }

  static void control_postgres(const std::string& action) {
    const char* program = std::getenv("DYNAMITE_TEST_PG_CTL");
    ASSERT_NE(program, nullptr) << "start it with: tools/with-servers ctest";
    ASSERT_EQ(std::system((std::string{program} + " " + action).c_str()), 0);
  }

  RuntimeApi api_;
};

}  // namespace dynamite::test
