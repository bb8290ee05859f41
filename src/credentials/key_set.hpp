#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "aws/aws_client.hpp"

namespace dynamite {

/// How often keys are asked for over the network. As in the AWS SDKs: the calls that need keys are
/// repeated too.
inline constexpr int kKeyAttemptsMax = 3;

using Time = std::chrono::system_clock::time_point;

/// Keys, and how long they may be kept.
struct KeySet {
  Credentials keys;
  std::optional<Time> expiry{};  ///< absent: they do not end
  bool reread = false;           ///< so cheap to get that they are looked up at every call
  bool outlives_outage = false;  ///< AWS takes them beyond their expiry while their source is down
};

/// The whole of a small file. Throws Error{usage}, which calls it `what`.
std::string read_secret_file(const std::string& path, std::string_view what);

/// 2026-11-23T12:00:00Z, with or without a fraction, or with +01:00 for Z. Throws Error{usage},
/// which names `source`.
Time parse_expiry(const std::string& text, std::string_view source);

/// {"AccessKeyId", "SecretAccessKey", TOKEN_NAME?, "Expiration"?}. Throws Error{usage}, which names
/// `source` and never what the document holds.
KeySet parse_key_document(const std::string& json, std::string_view token_name,
                          std::string_view source);

}  // namespace dynamite
