#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <vector>

#include "aws/http.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"

namespace dynamite {
namespace {

using EasyHandle = std::unique_ptr<CURL, Closer<curl_easy_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Closer<curl_slist_free_all>>;

// No answer of AWS is larger than 16 MB: what goes on beyond is not one.
constexpr std::size_t kBodyBytesMax = 64U << 20U;

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

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
    headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return count;
}

int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

std::string why_failed(CURLcode code, const char* reason) {
  if (code == CURLE_WRITE_ERROR)
    return fmt::format("the answer is larger than {} MiB", kBodyBytesMax >> 20U);
  return reason[0] != '\0' ? reason : curl_easy_strerror(code);
}

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(std::string ca_file) : ca_file_{std::move(ca_file)} { initialise_curl(); }

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override;

 private:
  EasyHandle take();
  void give_back(EasyHandle handle);
  void configure(CURL* curl, const HttpRequest& request, const curl_slist* headers) const;

  std::string ca_file_;
  std::mutex mutex_;
  std::vector<EasyHandle> idle_;  // each keeps its connections alive
};

EasyHandle CurlTransport::take() {
  {
    const std::scoped_lock lock{mutex_};
    if (!idle_.empty()) {
      EasyHandle handle = std::move(idle_.back());
      idle_.pop_back();
      curl_easy_reset(handle.get());
      return handle;
    }
  }
  EasyHandle handle{curl_easy_init()};
  if (!handle) throw std::bad_alloc{};
  return handle;
}

void CurlTransport::give_back(EasyHandle handle) {
  const std::scoped_lock lock{mutex_};
  idle_.push_back(std::move(handle));
}

void CurlTransport::configure(CURL* curl, const HttpRequest& request,
                              const curl_slist* headers) const {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
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

  EasyHandle handle = take();
  CURL* curl = handle.get();
  HttpResponse response;
  char reason[CURL_ERROR_SIZE] = {};
  configure(curl, request, headers.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    // The handle goes with its connections: none of them is trusted now.
    throw Error{Error::Kind::transient,
                fmt::format("no answer from {}: {}", request.url,
                            stop.stop_requested() ? "stopped" : why_failed(code, reason))};
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  give_back(std::move(handle));
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
