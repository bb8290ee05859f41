#include "aws/sigv4.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <map>
#include <ostream>

#include "crypto/sha256.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using simdjson::dom::element;
using testing::Pair;
using testing::UnorderedElementsAre;

const Credentials kExampleKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};

std::string readable(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

// --- the suite of AWS ---------------------------------------------------------------------------

const SigningScope kSuiteScope{"us-east-1", "service"};
const std::string kSuiteDate = "20150830T123600Z";

/// The paths of the suite's cases, without the dot and what follows it.
std::vector<std::string> suite_cases() {
  std::vector<std::string> cases;
  const std::filesystem::path folder{DYNAMITE_TESTDATA};
  for (const auto& file :
       std::filesystem::recursive_directory_iterator{folder / "sigv4/aws4_testsuite"})
    if (file.path().extension() == ".req")
      cases.push_back(file.path().lexically_relative(folder).replace_extension().string());
  std::ranges::sort(cases);
  return cases;
}

struct RawRequest {
  std::string method, path, query;
  Headers headers;
  std::string body;

  SignableRequest signable() const { return {method, path, query, headers, body}; }
};

/// The method, and the target, which may hold blanks.
void parse_request_line(std::string_view line, RawRequest& request) {
  const std::size_t method_end = line.find(' ');
  request.method = line.substr(0, method_end);
  line = line.substr(method_end + 1, line.rfind(' ') - method_end - 1);
  request.path = line.substr(0, line.find('?'));
  if (request.path.size() < line.size()) request.query = line.substr(request.path.size() + 1);
}

RawRequest parse_request(std::string_view text) {
  RawRequest request;
  const std::size_t blank = std::min(text.find("\n\n"), text.size());
  if (blank < text.size()) request.body = text.substr(blank + 2);
  std::string_view head = text.substr(0, blank);
  for (bool first = true; !head.empty(); first = false) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(head.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (first)
      parse_request_line(line, request);
    else if (line.starts_with(' '))
      request.headers.back().second += "\n" + std::string{line};
    else
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return request;
}

std::string token_of(const std::string& signed_request) {
  for (const auto& [name, value] : parse_request(signed_request).headers)
    if (name == "X-Amz-Security-Token") return value;
  return {};
}

TEST(SigV4, TheWholeSuiteIsHere) { EXPECT_EQ(suite_cases().size(), 34U); }

class SigV4Suite : public testing::TestWithParam<std::string> {
 protected:
  static std::string wanted(const char* extension) { return read_testdata(GetParam() + extension); }
};

TEST_P(SigV4Suite, EveryStepAgrees) {
  RawRequest raw = parse_request(wanted(".req"));
  if (GetParam().ends_with("with-session-token"))  // the one whose token the client is to add
    raw.headers.emplace_back("X-Amz-Security-Token", token_of(wanted(".sreq")));

  const std::string canonical = canonical_request(raw.signable());

  EXPECT_EQ(canonical, wanted(".creq"));
  EXPECT_EQ(string_to_sign(canonical, kSuiteScope, kSuiteDate), wanted(".sts"));
  EXPECT_EQ(authorization(raw.signable(), kSuiteScope, kExampleKeys, kSuiteDate), wanted(".authz"));
}

INSTANTIATE_TEST_SUITE_P(Aws, SigV4Suite, testing::ValuesIn(suite_cases()), [](const auto& info) {
  return readable(std::filesystem::path{info.param}.filename().string());
});

// --- requests as our services want them ---------------------------------------------------------

struct Vector {
  std::string name, kind;
  SigningScope scope;
  std::string amz_date;
  Credentials credentials;
  RawRequest request;  ///< with the headers that a client adds before it signs
  std::string canonical_request, string_to_sign, signing_key_hex, authorization;
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

std::string text(element object, const char* member) {
  std::string_view value;
  return object[member].get(value) == simdjson::SUCCESS ? std::string{value} : std::string{};
}

RawRequest request_of(element vector) {
  RawRequest request{
      .method = text(vector, "method"),
      .path = "",
      .query = "",
      .headers = {{"Host", text(vector, "host")}, {"X-Amz-Date", text(vector, "amz_date")}},
      .body = text(vector, "body")};
  const std::string url = text(vector, "url");
  const std::size_t path = std::min(url.find('/', url.find("://") + 3), url.size());
  const std::size_t query = std::min(url.find('?', path), url.size());
  request.path = url.substr(path, query - path);
  if (query < url.size()) request.query = url.substr(query + 1);
  simdjson::dom::object headers;
  if (vector["headers_before_signing"].get(headers) == simdjson::SUCCESS)
    for (const auto& [name, value] : headers)
      request.headers.emplace_back(name, std::string_view{value});
  if (text(vector, "service") == "s3")
    request.headers.emplace_back("X-Amz-Content-SHA256", text(vector, "body_sha256"));
  if (const std::string token = text(vector, "session_token"); !token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", token);
  return request;
}

/// What of a request sets it apart from those that the signer knows; empty: nothing.
std::string kind_of(element vector) {
  if (const std::string kind = text(vector, "kind"); !kind.empty()) return kind;
  const bool escaped = text(vector, "url").find('%') < text(vector, "url").find('?');
  return text(vector, "service") == "s3" && escaped ? "s3-path" : "";
}

std::vector<Vector> vectors() {
  simdjson::dom::parser parser;
  const simdjson::padded_string json{read_testdata("sigv4/generated/vectors.json")};
  std::vector<Vector> all;
  for (const element vector : parser.parse(json)["vectors"].get_array())
    all.push_back({.name = text(vector, "name"),
                   .kind = kind_of(vector),
                   .scope = {text(vector, "region"), text(vector, "service")},
                   .amz_date = text(vector, "amz_date"),
                   .credentials = {text(vector, "access_key_id"), text(vector, "secret_access_key"),
                                   text(vector, "session_token")},
                   .request = request_of(vector),
                   .canonical_request = text(vector, "canonical_request"),
                   .string_to_sign = text(vector, "string_to_sign"),
                   .signing_key_hex = text(vector, "signing_key_hex"),
                   .authorization = text(vector, "authorization")});
  return all;
}

std::vector<Vector> known_vectors() {
  std::vector<Vector> known = vectors();
  std::erase_if(known, [](const Vector& vector) { return !vector.kind.empty(); });
  return known;
}

const auto kVectorName = [](const auto& info) { return readable(info.param.name); };

// Tokens of RDS are signed in the query, and S3 neither encodes a path twice nor shortens it. Of
// these the later steps are tested, but not the request.
TEST(SigV4, OnlyTheseKindsAreNotSigned) {
  std::map<std::string, int> kinds;
  for (const Vector& vector : vectors()) ++kinds[vector.kind];

  EXPECT_THAT(
      kinds, UnorderedElementsAre(Pair("", 11), Pair("rds-iam-auth-token", 2), Pair("s3-path", 1)));
}

using SigV4Vector = testing::TestWithParam<Vector>;

TEST_P(SigV4Vector, TheRequestAgrees) {
  const Vector& vector = GetParam();
  const SignableRequest request = vector.request.signable();

  EXPECT_EQ(canonical_request(request), vector.canonical_request);
  EXPECT_EQ(authorization(request, vector.scope, vector.credentials, vector.amz_date),
            vector.authorization);
}

INSTANTIATE_TEST_SUITE_P(Generated, SigV4Vector, testing::ValuesIn(known_vectors()), kVectorName);

using SigV4Steps = testing::TestWithParam<Vector>;

TEST_P(SigV4Steps, TheStepsAgree) {
  const Vector& vector = GetParam();

  EXPECT_EQ(string_to_sign(vector.canonical_request, vector.scope, vector.amz_date),
            vector.string_to_sign);
  EXPECT_EQ(hex(signing_key(vector.credentials.secret_access_key, vector.scope,
                            vector.amz_date.substr(0, 8))),
            vector.signing_key_hex);
}

INSTANTIATE_TEST_SUITE_P(Generated, SigV4Steps, testing::ValuesIn(vectors()), kVectorName);

TEST(SigV4, KeysAreDerivedAsPublished) {
  simdjson::dom::parser parser;
  const simdjson::padded_string json{read_testdata("sigv4/generated/vectors.json")};
  int derived = 0;
  for (const element answer : parser.parse(json)["key_derivation"].get_array()) {
    ++derived;
    EXPECT_EQ(
        hex(signing_key(text(answer, "secret"), {text(answer, "region"), text(answer, "service")},
                        text(answer, "date"))),
        text(answer, "kSigning"));
  }
  EXPECT_EQ(derived, 3);
}

TEST(SigV4, DatesAreInUniversalTime) {
  const auto time = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} +
                    std::chrono::hours{12} + std::chrono::minutes{34} + std::chrono::seconds{56};

  EXPECT_EQ(to_amz_date(time), "20260115T123456Z");
}

}  // namespace
}  // namespace dynamite::test
