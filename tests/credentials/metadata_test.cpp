#include "credentials/fixture.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr const char* kSet1 = "ID1/geheim1/TOKEN1";
constexpr const char* kSet2 = "ID2/geheim2/TOKEN2";

class CredentialsContainerTest : public CredentialsChainTest {
 protected:
  CredentialsContainerTest() {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url() + "/keys?secret=geheim";
    answer = [this](const ServedRequest&) { return ServedResponse{.body = key_document("")}; };
  }
};

TEST_F(CredentialsContainerTest, AreRefreshedWithTheTokenThatTheFileHoldsThen) {
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("token", "Bearer 1");
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "the file wins";
  between = [this] { write("token", "Bearer 2"); };

  expect_refreshed(kSet1, kSet2);

  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[0].method + " " + asked[0].path, "GET /keys?secret=geheim");
  EXPECT_EQ(asked[0].header("authorization"), "Bearer 1");
  EXPECT_EQ(asked[1].header("authorization"), "Bearer 2");
  EXPECT_FALSE(transport.sent[0].use_proxy);
  EXPECT_EQ(transport.sent[0].timeout, 2s);
}

TEST_F(CredentialsContainerTest, TheRelativeUriIsOfTheAgentOfEcs) {
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/7";
  variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "of the environment";

  expect_refreshed(kSet1, kSet2);

  EXPECT_EQ(transport.sent[0].url, "http://169.254.170.2/v2/credentials/7");
  EXPECT_EQ(asked[0].path, "/v2/credentials/7");
  EXPECT_EQ(asked[0].header("authorization"), "of the environment");

  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = ".evil.example";
  EXPECT_THAT(failure(), HasSubstr("_RELATIVE_URI must begin with /"));
}

TEST_F(CredentialsContainerTest, OverHttpOnlyHostsOfThisMachineAreAsked) {
  for (const std::string uri :
       {"http://example.com/", "http://169.254.170.2.example.com/", "http://127.example.com/",
        "http://169.254.170.2@example.com/", "http://example.com\\@127.0.0.1/",
        "http://169.254.169.254/", "http://10.0.0.1:80/", "http://[::2]/", "http://",
        "ftp://localhost/", "localhost/keys"}) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
    EXPECT_THAT(failure(), StartsWith("usage: AWS_CONTAINER_CREDENTIALS_FULL_URI")) << uri;
  }
  EXPECT_THAT(transport.sent, SizeIs(0));

  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  EXPECT_EQ(found(), kSet1);
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] =
      fmt::format("http://localhost:{}/", server.port());
  EXPECT_EQ(found(), kSet2);
}

TEST_F(CredentialsContainerTest, ATokenWithALineBreakIsRefused) {
  for (const std::string token : {"geheim\r\nx-other: 1", "geheim\n", "\rgeheim"}) {
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("token", token);
    EXPECT_EQ(failure(), "usage: the container authorization token has a line break");
  }
  EXPECT_THAT(asked, SizeIs(0));
}

TEST_F(CredentialsContainerTest, AnEndpointThatFailsIsAskedThreeTimesThenFatal) {
  answer = [](const ServedRequest&) { return ServedResponse{.status = 503}; };
  variables["AWS_EC2_METADATA_DISABLED"] = "false";

  EXPECT_EQ(failure(), "transient: container credentials: the endpoint answered HTTP 503");
  EXPECT_THAT(asked, SizeIs(3));

  answer = [](const ServedRequest&) { return ServedResponse{.status = 403, .body = "geheim"}; };
  EXPECT_EQ(failure(), "usage: container credentials: the endpoint answered HTTP 403");
  EXPECT_THAT(asked, SizeIs(4));
}

TEST_F(CredentialsContainerTest, ErrorsHoldNeitherTheQueryNorTheAnswer) {
  for (const std::string body :
       {"geheim", "[\"geheim\"]", R"({"SecretAccessKey":"geheim"})", R"({"AccessKeyId":"geheim"})",
        R"({"AccessKeyId":"a","SecretAccessKey":"geheim","Expiration":"geheim"})"}) {
    answer = [&](const ServedRequest&) { return ServedResponse{.body = body}; };
    EXPECT_THAT(failure(),
                AllOf(StartsWith("usage: container credentials gave"), Not(HasSubstr("geheim"))));
  }
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/keys?secret=geheim";
  EXPECT_THAT(failure(), AllOf(StartsWith("transient: container credentials: no answer from "
                                          "127.0.0.1:1: "),
                               Not(HasSubstr("geheim"))));
}

class CredentialsInstanceTest : public CredentialsChainTest {
 protected:
  CredentialsInstanceTest() {
    variables.erase("AWS_EC2_METADATA_DISABLED");
    answer = [this](const ServedRequest& request) { return imds(request); };
  }

  /// As the service answers: only to those with a session.
  ServedResponse imds(const ServedRequest& request) {
    if (request.path == "/latest/api/token") {
      if (request.method != "PUT" ||
          request.header("x-aws-ec2-metadata-token-ttl-seconds") != "21600")
        return {.status = 400};
      return {.body = fmt::format("SESSION{}==", ++sessions)};
    }
    if (request.header("x-aws-ec2-metadata-token") != fmt::format("SESSION{}==", sessions))
      return {.status = 401};
    if (request.path == "/latest/meta-data/iam/security-credentials/") return {.body = role};
    if (request.path == "/latest/meta-data/iam/security-credentials/reader")
      return {.body = key_document()};
    return {.status = 404};
  }

  void break_down() {
    answer = [](const ServedRequest&) { return ServedResponse{.status = 500}; };
  }

  int sessions = 0;
  std::string role = "reader\n";
};

TEST_F(CredentialsInstanceTest, AreRefreshed) {
  expect_refreshed(kSet1, kSet2);

  ASSERT_THAT(asked, SizeIs(6));
  EXPECT_EQ(transport.sent[0].url, "http://169.254.169.254/latest/api/token");
  for (const HttpRequest& request : transport.sent) {
    EXPECT_FALSE(request.use_proxy);
    EXPECT_EQ(request.timeout, 1s);
    EXPECT_EQ(request.connect_timeout, 1s);
  }
}

TEST_F(CredentialsInstanceTest, TheEndpointCanBeNamed) {
  variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url() + "/";
  EXPECT_EQ(found(), kSet1);
  EXPECT_THAT(transport.sent[0].url, StartsWith(server.url()));

  variables.erase("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_EQ(found(), kSet2);
  EXPECT_THAT(transport.sent.back().url, StartsWith("http://[fd00:ec2::254]/"));
}

TEST_F(CredentialsInstanceTest, AnOutageExtendsTheOldSetBeyondItsEnd) {
  const auto keys = provider();
  EXPECT_EQ(words(keys->get()), kSet1);
  break_down();
  for (const auto pause : {46min, 7min, 60min}) {
    now += pause;
    EXPECT_EQ(words(keys->get()), kSet1);
  }
  const std::size_t before = asked.size();
  now += 4min;
  EXPECT_EQ(words(keys->get()), kSet1);
  EXPECT_THAT(asked, SizeIs(before));

  answer = [this](const ServedRequest& request) { return imds(request); };
  now += 6min;
  EXPECT_EQ(words(keys->get()), kSet2);
}

TEST_F(CredentialsInstanceTest, AnEndedSetThatTheServiceStillGivesIsUsed) {
  life_minutes = -60;
  const auto keys = provider();

  EXPECT_EQ(words(keys->get()), kSet1);
  now += 4min;
  EXPECT_EQ(words(keys->get()), kSet1);
  now += 2min;
  EXPECT_EQ(words(keys->get()), kSet2);
}

TEST_F(CredentialsInstanceTest, WithoutARoleOrSwitchedOffThereAreNone) {
  role = "";
  EXPECT_THAT(failure(), StartsWith("usage: no AWS credentials"));
  answer = [this](const ServedRequest& request) {
    return request.method == "PUT" ? imds(request) : ServedResponse{.status = 404};
  };
  EXPECT_THAT(failure(), StartsWith("usage: no AWS credentials"));

  asked.clear();
  variables["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_THAT(failure(), StartsWith("usage: no AWS credentials"));
  EXPECT_THAT(asked, SizeIs(0));
}

TEST_F(CredentialsInstanceTest, ThatNobodyAnswersIsNamedAmongTheWays) {
  variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";

  EXPECT_THAT(failure(), AllOf(StartsWith("usage: no AWS credentials"),
                               HasSubstr("instance metadata: no answer from 127.0.0.1:1")));
}

TEST_F(CredentialsInstanceTest, VersionOneIsTakenOnlyWhereItIsNotSwitchedOff) {
  answer = [this](const ServedRequest& request) -> ServedResponse {
    if (request.method == "PUT") return {.status = 403};
    EXPECT_EQ(request.header("x-aws-ec2-metadata-token"), "");
    return {.body = request.path.ends_with("/") ? role : key_document()};
  };
  EXPECT_EQ(found(), kSet1);

  variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
  EXPECT_EQ(failure(), "usage: instance metadata: /latest/api/token answered HTTP 403");
}

TEST_F(CredentialsInstanceTest, AnotherCodeThanSuccessIsAnError) {
  answer = [this](const ServedRequest& request) -> ServedResponse {
    if (!request.path.ends_with("reader")) return imds(request);
    return {.body = key_document(R"("Code":"AssumeRoleUnauthorizedAccess",)")};
  };

  EXPECT_THAT(failure(), AllOf(StartsWith("usage: instance metadata"),
                               HasSubstr("code AssumeRoleUnauthorizedAccess, wanted Success"),
                               Not(HasSubstr("geheim"))));
}

}  // namespace
}  // namespace dynamite::test
