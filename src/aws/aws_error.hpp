#pragma once

#include <optional>

#include "aws/aws_client.hpp"
#include "aws/http.hpp"

namespace dynamite {

/// How AwsClient goes on after a failed call.
enum class Reaction { give_up, retry, retry_throttled, refresh_credentials, correct_clock };

/// What was asked of AWS.
struct Action {
  std::string_view operation;
  std::string_view service = "dynamodb";  ///< as signatures name it
  std::string_view body{};                ///< of the request

  /// `DescribeTable of "Orders"`
  std::string described() const;
};

struct Failure {
  AwsError error;
  Reaction reaction;
};

/// What went wrong, or absent if the answer is a result. Emulators answer some errors with status
/// 200.
std::optional<Failure> failure_of(const HttpResponse& response, const Action& action);

}  // namespace dynamite
