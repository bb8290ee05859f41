#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "aws/aws_client.hpp"
#include "aws/http.hpp"

namespace dynamite {

/// What AWS Signature Version 4 signs for: the scope of a signature.
struct SigningScope {
  std::string region;
  std::string service;
};

/// A request taken apart, as the signature sees it.
struct SignableRequest {
  std::string method;
  std::string path;   ///< as sent, percent-encoded; "/" if empty
  std::string query;  ///< as sent, without "?"
  Headers headers;    ///< all are signed; `host` must be among them
  std::string_view body{};
};

/// The steps of Signature Version 4; see the AWS documentation of that name.
std::string canonical_request(const SignableRequest& request);
std::string string_to_sign(const std::string& canonical_request, const SigningScope& scope,
                           const std::string& amz_date);
std::string signing_key(const std::string& secret, const SigningScope& scope,
                        const std::string& date);

/// In hexadecimal digits.
std::string signature(const SignableRequest& request, const SigningScope& scope,
                      const Credentials& credentials, const std::string& amz_date);

/// The value of the Authorization header. `amz_date`: YYYYMMDDTHHMMSSZ, the value of x-amz-date.
std::string authorization(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials, const std::string& amz_date);

/// All but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

std::string to_amz_date(std::chrono::system_clock::time_point time);

}  // namespace dynamite
