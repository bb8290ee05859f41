#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "aws/http.hpp"
#include "support/errors.hpp"
#include "support/http_server.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

HttpRequest post(const std::string& url, std::string body = "{}", Headers headers = {}) {
  return {.url = url + "/", .headers = std::move(headers), .body = std::move(body)};
}

/// All byte values again and again, NUL among them.
std::string bytes(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(i * 31 % 256);
  return out;
}

ServedResponse echo(const ServedRequest& request) { return {.body = request.body}; }

class CurlTransport : public testing::Test {
 protected:
  HttpResponse send(const HttpRequest& request, std::stop_token stop = {}) {
    return transport->send(request, std::move(stop));
  }

  std::unique_ptr<Transport> transport = make_curl_transport();
};

TEST_F(CurlTransport, SendsMethodPathHeadersAndBody) {
  ServedRequest seen;
  HttpServer server{[&](const ServedRequest& request) {
    seen = request;
    return ServedResponse{.status = 201, .headers = {{"X-Amz-Crc32", " 17 "}}, .body = "answer"};
  }};

  const HttpResponse response = send(
      {.url = server.url() + "/a/b?c=d", .headers = {{"x-amz-target", "T.Scan"}}, .body = "q"});

  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a/b?c=d");
  EXPECT_EQ(seen.header("x-amz-target"), "T.Scan");
  EXPECT_EQ(seen.body, "q");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.header("x-amz-crc32"), "17");
  EXPECT_EQ(response.body, "answer");
}

TEST_F(CurlTransport, SendsOtherMethods) {
  std::string seen;
  HttpServer server{[&](const ServedRequest& request) {
    seen += request.method + " " + request.body + ";";
    return ServedResponse{};
  }};

  for (const char* method : {"GET", "PUT", "POST", "GET"})
    send({.method = method, .url = server.url(), .headers = {}, .body = ""});
  send({.method = "PUT", .url = server.url(), .headers = {}, .body = "body"});

  EXPECT_EQ(seen, "GET ;PUT ;POST ;GET ;PUT body;");
}

TEST_F(CurlTransport, CarriesAnyBytes) {
  HttpServer server{echo};
  const std::string body{"a\0b\r\n\r\n\xFF", 9};

  EXPECT_EQ(send(post(server.url(), body)).body, body);
}

TEST_F(CurlTransport, CarriesBodiesOfTwoMegabytesWithoutAskingFirst) {
  std::string expect;
  HttpServer server{[&](const ServedRequest& request) {
    expect = request.header("expect");
    return echo(request);
  }};
  const std::string body = bytes(2'000'000);

  EXPECT_TRUE(send(post(server.url(), body)).body == body);
  EXPECT_EQ(expect, "");
}

TEST_F(CurlTransport, LeavesCompressedBodiesAsTheyAre) {
  HttpServer server{[](const ServedRequest&) {
    return ServedResponse{.headers = {{"content-encoding", "gzip"}}, .body = "not gzip at all"};
  }};

  EXPECT_EQ(send(post(server.url())).body, "not gzip at all");
}

TEST_F(CurlTransport, PassesErrorsOnAsAnswers) {
  HttpServer server{
      [](const ServedRequest&) { return ServedResponse{.status = 500, .body = "broken"}; }};

  const HttpResponse response = send(post(server.url()));

  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "broken");
}

TEST_F(CurlTransport, FollowsNoRedirect) {
  HttpServer server{[](const ServedRequest&) {
    return ServedResponse{.status = 302, .headers = {{"location", "/elsewhere"}}};
  }};

  EXPECT_EQ(send(post(server.url())).status, 302);
}

TEST_F(CurlTransport, KeepsItsConnection) {
  HttpServer server{echo};

  for (int i = 0; i < 10; ++i) send(post(server.url()));

  EXPECT_EQ(server.connections_accepted(), 1U);
}

TEST_F(CurlTransport, ConnectsAnewWhenTheServerClosedIdleConnections) {
  HttpServer server{echo};

  for (const char* body : {"1", "2", "3"}) {
    EXPECT_EQ(send(post(server.url(), body)).body, body);
    server.close_idle_connections();
  }

  EXPECT_EQ(server.connections_accepted(), 3U);
}

TEST_F(CurlTransport, ConnectsAnewWhenTheServerClosesAtTheSameMoment) {
  std::atomic<int> calls = 0;
  HttpServer server{[&](const ServedRequest& request) {
    ServedResponse response = echo(request);
    if (++calls == 2) response.cut_after_bytes = 0;
    return response;
  }};

  EXPECT_EQ(send(post(server.url(), "first")).body, "first");
  EXPECT_EQ(send(post(server.url(), "second")).body, "second");

  EXPECT_EQ(calls, 3);
  EXPECT_EQ(server.connections_accepted(), 2U);
}

TEST_F(CurlTransport, DoesNotTakeHalfAnAnswerForOne) {
  for (const std::size_t cut : {0U, 10U, 45U, 60U}) {
    HttpServer server{[&](const ServedRequest&) {
      return ServedResponse{.body = std::string(100, 'x'), .cut_after_bytes = cut};
    }};

    const Error error = error_of([&] { send(post(server.url())); });

    EXPECT_EQ(error.kind(), Error::Kind::transient) << cut;
    EXPECT_THAT(error.what(), StartsWith("no answer from " + server.url() + "/: ")) << cut;
  }
}

TEST_F(CurlTransport, GoesOnAfterAFailure) {
  std::atomic<int> calls = 0;
  HttpServer server{[&](const ServedRequest& request) {
    ServedResponse response = echo(request);
    if (++calls == 1) response.cut_after_bytes = 50;
    return response;
  }};
  EXPECT_THAT(failure_of([&] { send(post(server.url(), bytes(100))); }), StartsWith("transient: "));

  EXPECT_EQ(send(post(server.url(), "again")).body, "again");
}

TEST_F(CurlTransport, NobodyListeningIsTransient) {
  std::string url;
  {
    const HttpServer server{echo};
    url = server.url();
  }

  EXPECT_THAT(failure_of([&] { send(post(url)); }),
              StartsWith("transient: no answer from " + url + "/: "));
}

TEST_F(CurlTransport, StopsAtOnce) {
  HttpServer server{[](const ServedRequest&) { return ServedResponse{.hang = true}; }};
  std::stop_source stop;
  std::chrono::steady_clock::time_point requested;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(100ms);
    requested = std::chrono::steady_clock::now();
    stop.request_stop();
  }};

  const std::string failure = failure_of([&] { send(post(server.url()), stop.get_token()); });

  EXPECT_EQ(failure, "transient: no answer from " + server.url() + "/: stopped");
  EXPECT_LT(std::chrono::steady_clock::now() - requested, 500ms);
}

TEST_F(CurlTransport, DoesNotBeginAfterAStop) {
  HttpServer server{[](const ServedRequest&) { return ServedResponse{.hang = true}; }};
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(failure_of([&] { send(post(server.url()), stop.get_token()); }),
              HasSubstr("stopped"));
}

TEST_F(CurlTransport, WaitsNoLongerThanItsTimeout) {
  HttpServer server{[](const ServedRequest&) { return ServedResponse{.hang = true}; }};
  HttpRequest request = post(server.url());
  request.timeout = 200ms;
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_THAT(failure_of([&] { send(request); }),
              AllOf(StartsWith("transient: "), HasSubstr("timed out")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(CurlTransport, WaitsAsLongAsItTakesWithoutATimeout) {
  HttpServer server{[](const ServedRequest& request) {
    std::this_thread::sleep_for(300ms);
    return echo(request);
  }};
  HttpRequest request = post(server.url(), "late");
  request.timeout = 0ms;

  EXPECT_EQ(send(request).body, "late");
}

TEST_F(CurlTransport, TakesNoMoreThan64Mebibytes) {
  std::atomic<std::size_t> size = 64U << 20U;
  HttpServer server{
      [&](const ServedRequest&) { return ServedResponse{.body = std::string(size, 'x')}; }};
  EXPECT_EQ(send(post(server.url())).body.size(), size);
  ++size;

  EXPECT_EQ(failure_of([&] { send(post(server.url())); }),
            "transient: no answer from " + server.url() + "/: the answer is larger than 64 MiB");
}

TEST_F(CurlTransport, IsUsedByManyThreadsAtOnce) {
  HttpServer server{echo};
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 16; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 30; ++i) {
          const std::string body =
              std::to_string(thread) + bytes(static_cast<std::size_t>(i) * 1'000);
          if (send(post(server.url(), body)).body == body) ++right;
        }
      });
  }

  EXPECT_EQ(right, 16 * 30);
  EXPECT_LE(server.connections_accepted(), 16U);
}

TEST_F(CurlTransport, AsksAProxyUnlessToldNotTo) {
  std::string asked;
  HttpServer proxy{[&](const ServedRequest& request) {
    asked = request.path;
    return ServedResponse{.body = "proxy"};
  }};
  HttpServer server{echo};
  for (const char* name : {"no_proxy", "NO_PROXY"}) unsetenv(name);
  setenv("http_proxy", proxy.url().c_str(), 1);

  const HttpResponse through = send(post(server.url(), "direct"));
  HttpRequest request = post(server.url(), "direct");
  request.use_proxy = false;
  const HttpResponse direct = send(request);
  unsetenv("http_proxy");

  EXPECT_EQ(through.body, "proxy");
  EXPECT_EQ(asked, server.url() + "/");
  EXPECT_EQ(direct.body, "direct");
}

TEST_F(CurlTransport, SpeaksOnlyHttp) {
  EXPECT_THAT(failure_of([&] { send(post("file:///etc/hostname")); }), StartsWith("transient: "));
}

TEST_F(CurlTransport, NeedsTheGivenCertificates) {
  HttpServer server{echo};
  transport = make_curl_transport("/nonexistent/bundle.pem");
  HttpRequest request = post("https" + server.url().substr(4));

  EXPECT_THAT(failure_of([&] { send(request); }), HasSubstr("/nonexistent/bundle.pem"));
}

}  // namespace
}  // namespace dynamite::test
