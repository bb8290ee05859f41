#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <mutex>
#include <vector>

#include "aws/endpoints.hpp"
#include "aws/http.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/lower_case.hpp"

namespace dynamite {
namespace {

using EasyHandle = std::unique_ptr<CURL, Closer<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, Closer<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Closer<curl_slist_free_all>>;

// No answer of AWS is larger than 16 MB: a longer one does not come from AWS.
constexpr std::size_t kBodyBytesMax = 64U << 20U;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t on_body(const char* data, std::size_t, std::size_t count, void* response) {
  std::string& body = static_cast<HttpResponse*>(response)->body;
  if (body.size() + count > kBodyBytesMax) return 0;
  body.append(data, count);
  return count;
}

std::size_t on_header(const char* data, std::size_t, std::size_t count, void* response) {
  const std::string_view line{data, count};
  auto& headers = static_cast<HttpResponse*>(response)->headers;
  if (line.starts_with("HTTP/")) headers.clear();  // of a 100 Continue, say
  if (const std::size_t colon = line.find(':'); colon != line.npos)
    headers.emplace_back(lower_case(std::string{line.substr(0, colon)}),
                         trimmed(line.substr(colon + 1)));
  return count;
}

std::string why_failed(CURLcode code, const char* reason) {
  if (code == CURLE_WRITE_ERROR)
    return fmt::format("the answer is larger than {} MiB", kBodyBytesMax >> 20U);
  return reason[0] != '\0' ? reason : curl_easy_strerror(code);
}

/// HOST:PORT of the proxy that curl takes from the environment for that URL and went through;
/// empty: none. curl itself tells only that it asked a proxy for a tunnel, or the port that it went
/// to. User and password are left out.
std::string proxy_of(CURL* curl, const std::string& url) {
  const bool tls = url.starts_with("https:");
  // A server may set HTTP_PROXY by a header `Proxy` of its client's: curl passes it over.
  const std::initializer_list<const char*> of_tls{"https_proxy", "HTTPS_PROXY", "all_proxy",
                                                  "ALL_PROXY"};
  const std::initializer_list<const char*> of_plain{"http_proxy", "all_proxy", "ALL_PROXY"};
  for (const char* name : tls ? of_tls : of_plain) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string proxy = host_of(value);
    proxy.erase(0, proxy.rfind('@') + 1);
    long tunnel = 0, port = 0;
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    curl_easy_getinfo(curl, CURLINFO_PRIMARY_PORT, &port);
    const bool went_there = tls ? tunnel != 0 : proxy.ends_with(":" + std::to_string(port));
    return went_there ? proxy : "";
  }
  return {};
}

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

/// One transfer at a time over connections that are kept alive. A stop wakes it at once, which
/// curl_easy_perform cannot: its callbacks come once a second while nothing arrives.
class Session {
 public:
  Session() : multi_{curl_multi_init()}, easy_{curl_easy_init()} {
    if (!multi_ || !easy_) throw std::bad_alloc{};
  }

  CURL* easy() const noexcept { return easy_.get(); }

  /// CURLE_ABORTED_BY_CALLBACK: stopped.
  CURLcode perform(const std::stop_token& stop) const;

 private:
  MultiHandle multi_;  // outlives easy_
  EasyHandle easy_;
};

void require_ok(CURLMcode code) {
  if (code != CURLM_OK)
    throw Error{Error::Kind::transient, fmt::format("libcurl: {}", curl_multi_strerror(code))};
}

CURLcode Session::perform(const std::stop_token& stop) const {
  constexpr int kPollMs = 60'000;  // curl shortens it to its own timeouts
  require_ok(curl_multi_add_handle(multi_.get(), easy_.get()));
  const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi_.get()); }};
  int running = 1;
  while (!stop.stop_requested()) {
    require_ok(curl_multi_perform(multi_.get(), &running));
    if (running == 0) break;
    require_ok(curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr));
  }
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int queued = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued))
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  require_ok(curl_multi_remove_handle(multi_.get(), easy_.get()));
  return code;
}

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(std::string ca_file) : ca_file_{std::move(ca_file)} { initialise_curl(); }

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override;

 private:
  std::unique_ptr<Session> take();
  void give_back(std::unique_ptr<Session> session);
  void configure(CURL* curl, const HttpRequest& request, const curl_slist* headers) const;

  std::string ca_file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_;  // at most one for each thread that sends
};

std::unique_ptr<Session> CurlTransport::take() {
  {
    const std::scoped_lock lock{mutex_};
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      curl_easy_reset(session->easy());
      return session;
    }
  }
  return std::make_unique<Session>();
}

void CurlTransport::give_back(std::unique_ptr<Session> session) {
  const std::scoped_lock lock{mutex_};
  idle_.push_back(std::move(session));
}

void CurlTransport::configure(CURL* curl, const HttpRequest& request,
                              const curl_slist* headers) const {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs holds up no stop
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, long{request.connect_timeout.count()});
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, long{request.timeout.count()});
  if (!request.use_proxy) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  if (request.method == "GET") return;
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

HttpResponse CurlTransport::send(const HttpRequest& request, std::stop_token stop) {
  curl_slist* list = nullptr;
  const auto append = [&](const std::string& line) {
    list = curl_slist_append(list, line.c_str());
  };
  append("Expect:");  // no round trip to ask whether a body is welcome
  for (const auto& [name, value] : request.headers) append(name + ": " + value);
  const HeaderList headers{list};

  HttpResponse response;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::unique_ptr<Session> session = take();
  CURL* curl = session->easy();
  configure(curl, request, headers.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response);
  const CURLcode code = session->perform(stop);
  const std::string proxy = request.use_proxy ? proxy_of(curl, request.url) : "";
  if (code != CURLE_OK) {
    // The session goes with its connections: none of them is trusted now.
    throw Error{Error::Kind::transient,
                fmt::format("no answer from {}{}{}: {}", request.url,
                            proxy.empty() ? "" : " through the proxy ", proxy,
                            stop.stop_requested() ? "stopped" : why_failed(code, reason.data()))};
  }
  response.proxy = proxy;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  give_back(std::move(session));
  return response;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

std::unique_ptr<Transport> make_curl_transport(std::string ca_file) {
  return std::make_unique<CurlTransport>(std::move(ca_file));
}

}  // namespace dynamite
