#pragma once

#include <optional>

#include "aws/aws_client.hpp"
#include "aws/http.hpp"

namespace dynamite {

/// How AwsClient goes on after a failed call.
enum class Reaction { give_up, retry, retry_throttled, refresh_credentials, correct_clock };

struct Failure {
  AwsError error;
  Reaction reaction;
};

/// What went wrong, or absent if the answer is a result. Emulators answer some errors with status
/// 200. `service`: as signatures name it.
std::optional<Failure> failure_of(const HttpResponse& response, std::string_view operation,
                                  std::string_view service = "dynamodb");

}  // namespace dynamite
