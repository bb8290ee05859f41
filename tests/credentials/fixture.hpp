#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "aws/sigv4.hpp"
#include "credentials/credentials.hpp"
#include "support/errors.hpp"
#include "support/http_server.hpp"

namespace dynamite::test {

inline std::string words(const Credentials& credentials) {
  return credentials.access_key_id + "/" + credentials.secret_access_key + "/" +
         credentials.session_token;
}

/// Sends to the test's server what is meant for the link-local addresses of AWS.
class ReroutingTransport : public Transport {
 public:
  explicit ReroutingTransport(std::string server) : server_{std::move(server)} {}

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    const std::scoped_lock lock{mutex};
    sent.push_back(request);
    HttpRequest rerouted = request;
    for (const std::string base : {"http://169.254.170.23", "http://169.254.170.2",
                                   "http://169.254.169.254", "http://[fd00:ec2::254]"})
      if (rerouted.url.starts_with(base)) rerouted.url.replace(0, base.size(), server_);
    return curl_->send(rerouted, stop);
  }

  std::mutex mutex;
  std::vector<HttpRequest> sent;

 private:
  std::string server_;
  std::unique_ptr<Transport> curl_ = make_curl_transport();
};

/// A home directory, an environment, a clock that only the test moves, and a server that plays the
/// part of AWS over real HTTP.
class CredentialsChainTest : public testing::Test {
 protected:
  CredentialsChainTest() {
    std::string pattern = testing::TempDir() + "credentials.XXXXXX";
    home = mkdtemp(pattern.data());
    std::filesystem::create_directory(home / ".aws");
    variables["HOME"] = home;
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  ~CredentialsChainTest() override { std::filesystem::remove_all(home); }

  std::string write(const std::string& file, const std::string& text) const {
    std::ofstream{home / file} << text;
    return home / file;
  }

  Environment environment() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(std::string{name});
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
  }

  std::unique_ptr<CredentialsProvider> provider() {
    return make_default_credentials({.environment = environment(),
                                     .transport = transport,
                                     .region = "eu-west-1",
                                     .sts_endpoint = sts_endpoint,
                                     .now = [this] { return now; }});
  }

  std::string found() { return words(provider()->get()); }
  std::string failure() {
    return failure_of([this] { found(); });
  }

  /// The time that many minutes from now, as AWS writes it.
  std::string in_minutes(int minutes) const {
    const std::time_t time =
        std::chrono::system_clock::to_time_t(now + std::chrono::minutes{minutes});
    tm parts{};
    gmtime_r(&time, &parts);
    std::string text(20, '\0');
    std::strftime(text.data(), text.size() + 1, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
  }

  /// Keys with an end: ID1, then ID2, …
  std::string key_document(const std::string& more = R"("Code":"Success",)") {
    const int n = ++issued;
    return fmt::format(R"({{{}"AccessKeyId":"ID{}","SecretAccessKey":"geheim{}","Token":"TOKEN{}",)"
                       R"("Expiration":"{}"}})",
                       more, n, n, n, in_minutes(life_minutes));
  }

  /// The same, as STS writes it: with a namespace, and with entities.
  std::string sts_answer(const std::string& operation) {
    const int n = ++issued;
    return fmt::format(
        "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<{0}Result>"
        "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>\n"
        "<Credentials><AccessKeyId>ID{1}</AccessKeyId>\n<SecretAccessKey>geheim{1}&amp;&#x3D;"
        "</SecretAccessKey><SessionToken>TOKEN{1}</SessionToken><Expiration>{2}</Expiration>"
        "</Credentials></{0}Result></{0}Response>",
        operation, n, in_minutes(life_minutes));
  }

  ServedResponse serve(const ServedRequest& request) {
    const std::scoped_lock lock{mutex};
    asked.push_back(request);
    return answer(request);
  }

  /// `get` must give set 1 until 15 minutes before its end, and set 2 then.
  void expect_refreshed(const std::string& first, const std::string& second) {
    const auto keys = provider();
    EXPECT_EQ(words(keys->get()), first);
    now += std::chrono::minutes{44};
    EXPECT_EQ(words(keys->get()), first);
    now += std::chrono::minutes{2};
    between();
    EXPECT_EQ(words(keys->get()), second);
  }

  std::filesystem::path home;
  std::map<std::string, std::string> variables;
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  std::function<void()> between = [] {};  ///< what happens before the refresh
  std::mutex mutex;                       ///< of what the server's threads touch
  std::vector<ServedRequest> asked;
  int issued = 0;
  int life_minutes = 60;  ///< of what is issued
  std::function<ServedResponse(const ServedRequest&)> answer = [](const ServedRequest&) {
    return ServedResponse{.status = 500, .headers = {}, .body = "the test has no answer"};
  };
  HttpServer server{[this](const ServedRequest& request) { return serve(request); }};
  ReroutingTransport transport{server.url()};
  std::string sts_endpoint = server.url();
};

/// The value of a form's field, decoded.
inline std::string field(const ServedRequest& request, const std::string& name) {
  const std::string form = "&" + request.body + "&";
  const std::size_t at = form.find("&" + name + "=");
  if (at == form.npos) return "(none)";
  const std::size_t begin = at + name.size() + 2;
  const std::string text = form.substr(begin, form.find('&', begin) - begin);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return out;
}

/// Computes the signature anew, from what arrived.
inline bool is_signed_by(const ServedRequest& request, const Credentials& keys) {
  const std::string seen{request.header("authorization")};
  Headers headers;
  const std::size_t names = seen.find("SignedHeaders=") + 14;
  const std::string list = ";" + seen.substr(names, seen.find(',', names) - names) + ";";
  for (const auto& header : request.headers)
    if (list.find(";" + header.first + ";") != list.npos) headers.push_back(header);
  const SignableRequest signable{.method = request.method,
                                 .path = request.path,
                                 .query = "",
                                 .headers = headers,
                                 .body = request.body};
  return seen == authorization(signable, {"eu-west-1", "sts"}, keys,
                               std::string{request.header("x-amz-date")}) &&
         request.header("x-amz-security-token") == keys.session_token;
}

}  // namespace dynamite::test
