#include "sim/faults.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

#include "core/error.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kHtml = "<html><body><h1>500 Internal Server Error</h1></body></html>";

/// A refusal that the service was never asked for.
struct Fault {
  const char* name;
  HttpResponse response;
};

HttpResponse refusal(const std::string& type, int status = 400) {
  return {.status = status,
          .headers = {},
          .body = fmt::format(R"({{"__type":"{}","Message":"slow down"}})", type)};
}

const std::array<Fault, 8>& faults() {
  static const std::array<Fault, 8> all{
      Fault{"throttled: ProvisionedThroughputExceededException",
            refusal("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")},
      Fault{"throttled: ThrottlingException",
            refusal("com.amazon.coral.availability#ThrottlingException")},
      Fault{"throttled: LimitExceededException",
            refusal("com.amazonaws.dynamodb.v20120810#LimitExceededException")},
      Fault{"throttled: RequestLimitExceeded in a header",
            {.status = 400,
             .headers = {{"x-amzn-errortype",
                          "RequestLimitExceeded:http://internal.amazon.com/coral/"}},
             .body = "{}"}},
      Fault{"throttled: status 429 without a name", {.status = 429, .headers = {}, .body = ""}},
      Fault{"InternalServerError",
            refusal("com.amazonaws.dynamodb.v20120810#InternalServerError", 500)},
      Fault{"HTML with status 500",
            {.status = 500, .headers = {{"content-type", "text/html"}}, .body = kHtml}},
      Fault{"status 503 without a body", {.status = 503, .headers = {}, .body = ""}},
  };
  return all;
}

std::string checksum(const std::string& body) {
  return std::to_string(crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
}

std::string_view target_of(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers)
    if (name == "x-amz-target") return value;
  return {};
}

}  // namespace

HttpResponse FaultyTransport::send(const HttpRequest& request, std::stop_token) {
  if (chance_.below(100) >= fault_percent) return answer(request);
  if (chance_.below(2) == 0) return damaged(answer(request));
  const std::uint64_t which = chance_.below(faults().size() + 1);
  if (which == faults().size()) {
    ++chance_.counts["connection broke before the request"];
    throw Error{Error::Kind::transient, "the connection broke"};
  }
  ++chance_.counts[faults()[which].name];
  return faults()[which].response;
}

HttpResponse FaultyTransport::answer(const HttpRequest& request) {
  const std::string_view target = target_of(request);
  ++chance_.counts[fmt::format("calls of {}", target.substr(target.find('.') + 1))];
  HttpResponse response = service_.handle(target, request.body);
  response.headers.emplace_back("x-amz-crc32", checksum(response.body));
  return response;
}

/// What was asked for is done, but its answer arrives late, damaged or not at all.
HttpResponse FaultyTransport::damaged(HttpResponse response) {
  switch (chance_.below(5)) {
    case 0:
      ++chance_.counts["connection broke before the answer"];
      throw Error{Error::Kind::transient, "the connection broke"};
    case 1:
      ++chance_.counts["half an answer"];
      response.body.resize(response.body.size() / 2);
      return response;
    case 2:
      ++chance_.counts["half an answer without a sum"];
      response.headers.pop_back();
      response.body.resize(response.body.size() / 2);
      return response;
    case 3:
      ++chance_.counts["wrong CRC"];
      response.headers.back().second += '0';
      return response;
    default:
      ++chance_.counts["slow answer"];
      wait_(chance_.below(10) == 0 ? std::chrono::milliseconds{16min}
                                   : std::chrono::milliseconds{1 + chance_.below(30'000)});
      return response;
  }
}

}  // namespace dynamite::sim
