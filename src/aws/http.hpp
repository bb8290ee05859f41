#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamite {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  Headers headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};  ///< zero: none
  bool use_proxy = true;                      ///< HTTPS_PROXY and its kin
};

struct HttpResponse {
  int status = 0;
  Headers headers;      ///< names in lower case
  std::string body;     ///< as transmitted, never decompressed
  std::string proxy{};  ///< HOST:PORT that the answer came through; empty: none, as far as is known

  /// The first header of that lower-case name, or empty.
  std::string_view header(std::string_view name) const noexcept;
};

/// The one seam to the network. Safe to call from many threads.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Throws Error{transient} if no whole answer came, or `stop` was requested meanwhile.
  virtual HttpResponse send(const HttpRequest& request, std::stop_token stop) = 0;
};

/// libcurl with kept-alive connections, TLS 1.2 or newer, names verified.
/// `ca_file` is AWS_CA_BUNDLE, or empty for the system's.
std::unique_ptr<Transport> make_curl_transport(std::string ca_file = {});

}  // namespace dynamite
