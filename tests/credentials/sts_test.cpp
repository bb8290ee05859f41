#include "credentials/fixture.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kSet1 = "ID1/geheim1&=/TOKEN1";
constexpr const char* kSet2 = "ID2/geheim2&=/TOKEN2";

class CredentialsStsTest : public CredentialsChainTest {
 protected:
  CredentialsStsTest() {
    answer = [this](const ServedRequest& request) {
      return ServedResponse{.body = sts_answer(field(request, "Action"))};
    };
  }

  static ServedResponse refusal(const std::string& code, const std::string& message) {
    return {.status = 400,
            .headers = {},
            .body = "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" +
                    message + "</Message></Error><RequestId>r</RequestId></ErrorResponse>"};
  }

  void use_web_identity() {
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "ey+J/1==");
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  }
};

TEST_F(CredentialsStsTest, WebIdentityIsAskedForUnsigned) {
  use_web_identity();
  variables["AWS_ROLE_SESSION_NAME"] = "pod@1";

  EXPECT_EQ(found(), kSet1);

  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].method + asked[0].path, "POST/");
  EXPECT_EQ(asked[0].header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(asked[0].header("authorization"), "");
  EXPECT_EQ(field(asked[0], "Action"), "AssumeRoleWithWebIdentity");
  EXPECT_EQ(field(asked[0], "Version"), "2011-06-15");
  EXPECT_EQ(field(asked[0], "RoleArn"), "arn:aws:iam::1:role/r");
  EXPECT_EQ(field(asked[0], "RoleSessionName"), "pod@1");
  EXPECT_EQ(field(asked[0], "WebIdentityToken"), "ey+J/1==");
  EXPECT_THAT(asked[0].body, HasSubstr("ey%2BJ%2F1%3D%3D"));
}

TEST_F(CredentialsStsTest, WebIdentityIsRefreshedWithTheTokenThatTheFileHoldsThen) {
  use_web_identity();
  between = [this] { write("token", "rotated\n"); };

  expect_refreshed(kSet1, kSet2);

  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(field(asked[0], "WebIdentityToken"), "ey+J/1==");
  EXPECT_EQ(field(asked[1], "WebIdentityToken"), "rotated");
  EXPECT_THAT(field(asked[1], "RoleSessionName"), StartsWith("dynamite-"));
}

TEST_F(CredentialsStsTest, WebIdentityOfAProfile) {
  const std::string file = write("token", "of the profile");
  write(".aws/config", "[default]\nrole_arn = arn:r\nrole_session_name = me\n" +
                           ("web_identity_token_file = " + file) + "\n");
  between = [this] { write("token", "rotated"); };

  expect_refreshed(kSet1, kSet2);

  EXPECT_EQ(field(asked[0], "WebIdentityToken"), "of the profile");
  EXPECT_EQ(field(asked[0], "RoleSessionName"), "me");
  EXPECT_EQ(field(asked[1], "WebIdentityToken"), "rotated");
}

TEST_F(CredentialsStsTest, WebIdentityWithoutItsPartsIsAnError) {
  use_web_identity();
  variables.erase("AWS_ROLE_ARN");
  EXPECT_EQ(failure(), "usage: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");

  use_web_identity();
  write("token", "");
  EXPECT_THAT(failure(), HasSubstr("token\" is empty"));

  write("token", std::string(70'000, 'x'));
  EXPECT_THAT(failure(), HasSubstr("is larger than 65536 bytes"));

  std::filesystem::remove(home / "token");
  EXPECT_THAT(failure(), AllOf(StartsWith("usage: "), HasSubstr("token\" cannot be read")));
  EXPECT_THAT(asked, SizeIs(0));
}

TEST_F(CredentialsStsTest, ARefusalIsFatalAndHoldsNoToken) {
  use_web_identity();
  write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
  answer = [](const ServedRequest&) { return refusal("IDPRejectedClaim", "no"); };

  EXPECT_EQ(failure(), "usage: AssumeRoleWithWebIdentity: IDPRejectedClaim: no");
}

TEST_F(CredentialsStsTest, WhatPassesIsRepeated) {
  use_web_identity();
  answer = [this](const ServedRequest& request) {
    if (asked.size() < 3) return refusal("IDPCommunicationError", "later");
    return ServedResponse{.body = sts_answer(field(request, "Action"))};
  };

  EXPECT_EQ(found(), kSet1);
  EXPECT_THAT(asked, SizeIs(3));
}

TEST_F(CredentialsStsTest, AnAnswerThatIsNoneIsAnErrorWithoutItsContents) {
  use_web_identity();
  for (const std::string body :
       {"<html>geheim</html>", "<AccessKeyId>geheim</AccessKeyId>", "geheim", ""}) {
    answer = [&](const ServedRequest&) { return ServedResponse{.body = body}; };
    EXPECT_THAT(failure(), AllOf(StartsWith("transient: the answer to AssumeRoleWithWebIdentity"),
                                 Not(HasSubstr("geheim"))));
  }
}

TEST_F(CredentialsStsTest, ARoleIsTakenOnWithTheKeysOfItsSourceProfile) {
  write(".aws/credentials",
        "[base]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=t\n");
  write(".aws/config",
        "[profile work]\nrole_arn = arn:work\nsource_profile = base\nexternal_id = e&x 1\n"
        "role_session_name = me\nduration_seconds = 900\n");
  variables["AWS_PROFILE"] = "work";
  between = [this] {
    write(".aws/credentials", "[base]\naws_access_key_id=C\naws_secret_access_key=c\n");
  };

  expect_refreshed(kSet1, kSet2);

  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_TRUE(is_signed_by(asked[0], {"B", "b", "t"}));
  EXPECT_FALSE(is_signed_by(asked[0], {"B", "other", "t"}));
  EXPECT_TRUE(is_signed_by(asked[1], {"C", "c", ""}));
  EXPECT_EQ(field(asked[0], "Action"), "AssumeRole");
  EXPECT_EQ(field(asked[0], "RoleArn"), "arn:work");
  EXPECT_EQ(field(asked[0], "RoleSessionName"), "me");
  EXPECT_EQ(field(asked[0], "ExternalId"), "e&x 1");
  EXPECT_EQ(field(asked[0], "DurationSeconds"), "900");
}

TEST_F(CredentialsStsTest, ARoleOfTheProfileComesBeforeTheWebIdentityOfTheEnvironment) {
  use_web_identity();
  write(".aws/config",
        "[default]\nrole_arn=arn:of:the:profile\nsource_profile=default\n"
        "aws_access_key_id=B\naws_secret_access_key=b\n");

  EXPECT_EQ(found(), kSet1);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(field(asked[0], "RoleArn"), "arn:of:the:profile");
}

TEST_F(CredentialsStsTest, ARoleMayBeTakenOnWithAnother) {
  write(".aws/config",
        "[profile outer]\nrole_arn=arn:outer\nsource_profile=inner\n"
        "[profile inner]\nrole_arn=arn:inner\nsource_profile=inner\n"
        "aws_access_key_id=B\naws_secret_access_key=b\n");
  variables["AWS_PROFILE"] = "outer";

  EXPECT_EQ(found(), kSet2);

  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(field(asked[0], "RoleArn"), "arn:inner");
  EXPECT_TRUE(is_signed_by(asked[0], {"B", "b", ""}));
  EXPECT_EQ(field(asked[0], "ExternalId"), "(none)");
  EXPECT_EQ(field(asked[1], "RoleArn"), "arn:outer");
  EXPECT_TRUE(is_signed_by(asked[1], {"ID1", "geheim1&=", "TOKEN1"}));
}

TEST_F(CredentialsStsTest, ARoleOfTheEnvironmentsKeys) {
  write(".aws/config", "[profile p]\nrole_arn=arn:r\ncredential_source=EcsContainer\n");
  variables["AWS_PROFILE"] = "p";
  variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/keys";
  answer = [this](const ServedRequest& request) {
    return ServedResponse{.body =
                              request.method == "GET" ? key_document() : sts_answer("AssumeRole")};
  };

  EXPECT_EQ(found(), kSet2);

  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_TRUE(is_signed_by(asked[1], {"ID1", "geheim1", "TOKEN1"}));
}

struct BadProfile {
  std::string name, config, message;
};

class CredentialsBadProfileTest : public CredentialsStsTest,
                                  public testing::WithParamInterface<BadProfile> {};

TEST_P(CredentialsBadProfileTest, IsAnErrorBeforeAnybodyIsAsked) {
  write(".aws/config", GetParam().config);

  EXPECT_THAT(failure(), AllOf(StartsWith("usage: "), HasSubstr(GetParam().message)));
  EXPECT_THAT(asked, SizeIs(0));
}

INSTANTIATE_TEST_SUITE_P(
    , CredentialsBadProfileTest,
    testing::Values(
        BadProfile{"Circle",
                   "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nrole_arn=a\n"
                   "source_profile=default\n",
                   "source_profile leads in a circle: default -> b -> default"},
        BadProfile{"NoSource", "[default]\nrole_arn=a\n",
                   "has role_arn with neither source_profile nor credential_source"},
        BadProfile{"TwoSources",
                   "[default]\nrole_arn=a\nsource_profile=b\ncredential_source=Environment\n",
                   "has role_arn with both source_profile and credential_source"},
        BadProfile{"UnknownSource", "[default]\nrole_arn=a\nsource_profile=b\n",
                   "has source_profile \"b\", but neither "},
        BadProfile{"EmptySource", "[default]\nrole_arn=a\nsource_profile=b\n[profile b]\nx=y\n",
                   "\"b\", which has no keys"},
        BadProfile{"SelfWithoutKeys", "[default]\nrole_arn=a\nsource_profile=default\n",
                   "\"default\", which has no keys"},
        BadProfile{"OtherCredentialSource", "[default]\nrole_arn=a\ncredential_source=Moon\n",
                   "is \"Moon\", wanted Environment, Ec2InstanceMetadata or EcsContainer"},
        BadProfile{"CredentialSourceWithoutKeys",
                   "[default]\nrole_arn=a\ncredential_source=EcsContainer\n",
                   "is EcsContainer, which has no keys"},
        BadProfile{"Duration", "[default]\nrole_arn=a\nsource_profile=b\nduration_seconds=1h\n",
                   "duration_seconds of profile \"default\" is \"1h\""},
        BadProfile{"Mfa", "[default]\nrole_arn=a\nsource_profile=b\nmfa_serial=arn:mfa\n",
                   "has mfa_serial, which is not supported"},
        BadProfile{"TokenFileWithoutRole", "[default]\nweb_identity_token_file=/t\n",
                   "has web_identity_token_file, but not role_arn"}),
    [](const auto& info) { return info.param.name; });

TEST_F(CredentialsStsTest, ARefusedSignatureDoesNotShowTheTokenInItsCanonicalRequest) {
  write(".aws/config",
        "[default]\nrole_arn=a\nsource_profile=default\naws_access_key_id=B\n"
        "aws_secret_access_key=geheim\naws_session_token=geheimer\n");
  answer = [](const ServedRequest& request) {
    return refusal(
        "SignatureDoesNotMatch",
        "wrong\nx-amz-security-token:" + std::string{request.header("x-amz-security-token")});
  };

  EXPECT_THAT(failure(), AllOf(StartsWith("usage: AssumeRole: SignatureDoesNotMatch: wrong"),
                               Not(HasSubstr("geheim"))));
}

TEST_F(CredentialsStsTest, AnEndpointThatDoesNotAnswerIsNamedWithoutTheToken) {
  use_web_identity();
  sts_endpoint = "http://127.0.0.1:1";

  EXPECT_THAT(failure(), AllOf(StartsWith("transient: AssumeRoleWithWebIdentity: no answer from "
                                          "http://127.0.0.1:1/"),
                               Not(HasSubstr("ey+J"))));
}

}  // namespace
}  // namespace dynamite::test
