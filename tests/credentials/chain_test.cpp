#include "credentials/fixture.hpp"
#include "credentials/profile.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// What needs nobody's answer: the test's server is never asked.
class CredentialsTest : public CredentialsChainTest {
 protected:
  ~CredentialsTest() override { EXPECT_THAT(asked, testing::IsEmpty()); }
};

TEST_F(CredentialsTest, OfTheEnvironmentComeFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
  variables["AWS_ACCESS_KEY_ID"] = "E";
  variables["AWS_SECRET_ACCESS_KEY"] = "e";

  EXPECT_EQ(found(), "E/e/");
}

TEST_F(CredentialsTest, OfTheEnvironmentMayHaveAToken) {
  variables["AWS_ACCESS_KEY_ID"] = "E";
  variables["AWS_SECRET_ACCESS_KEY"] = "e";
  variables["AWS_SECURITY_TOKEN"] = "old";
  EXPECT_EQ(found(), "E/e/old");

  variables["AWS_SESSION_TOKEN"] = "new";
  EXPECT_EQ(found(), "E/e/new");
}

TEST_F(CredentialsTest, EmptyVariablesAreNotSet) {
  write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                           "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"})
    variables[name] = "";

  EXPECT_EQ(found(), "F/f/");
}

TEST_F(CredentialsTest, HalfAnEnvironmentIsAnError) {
  write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");

  variables["AWS_ACCESS_KEY_ID"] = "E";
  EXPECT_EQ(failure(), "usage: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");

  variables.erase("AWS_ACCESS_KEY_ID");
  variables["AWS_SECRET_ACCESS_KEY"] = "geheim";
  EXPECT_EQ(failure(), "usage: AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not");
}

TEST_F(CredentialsTest, OfTheDefaultProfile) {
  write(".aws/credentials",
        "# made by hand\n"
        "[other]\naws_access_key_id = O\naws_secret_access_key = o\n\n"
        "[default]   ; mine\r\n"
        "aws_access_key_id = D # of Monday\r\n"
        "  aws_secret_access_key = nested, so not ours\n"
        "aws_secret_access_key=a/b+c#d;e=\t; no part of it # nor this\n"
        "aws_session_token = t==\n"
        "; aws_session_token = commented\n");

  EXPECT_EQ(found(), "D/a/b+c#d;e=/t==");
}

TEST_F(CredentialsTest, OfTheProfileThatIsNamed) {
  write(".aws/credentials", "[default]\naws_access_key_id=D\naws_secret_access_key=d\n");
  write(".aws/config", "[profile work]\naws_access_key_id=W\naws_secret_access_key=w\n");
  variables["AWS_PROFILE"] = "work";

  EXPECT_EQ(found(), "W/w/");
}

TEST_F(CredentialsTest, OfTheCredentialsFileComeBeforeThoseOfConfig) {
  write(".aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n");
  write(".aws/config",
        "[default]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=of b\n");

  EXPECT_EQ(found(), "A/a/");
}

TEST_F(CredentialsTest, OfFilesInOtherPlaces) {
  write("mine", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n");
  write("config", "[profile p]\naws_access_key_id=P\naws_secret_access_key=p\n");
  variables["AWS_SHARED_CREDENTIALS_FILE"] = home / "mine";
  variables["AWS_CONFIG_FILE"] = home / "config";

  EXPECT_EQ(found(), "A/a/");
  variables["AWS_PROFILE"] = "p";
  EXPECT_EQ(found(), "P/p/");
}

TEST_F(CredentialsTest, HalfAProfileIsAnError) {
  write(".aws/credentials", "[default]\naws_secret_access_key=geheim\n");

  EXPECT_EQ(failure(),
            "usage: profile \"default\" has aws_secret_access_key, but not aws_access_key_id");
}

TEST_F(CredentialsTest, OfSsoAreAnErrorThatSaysHowToExportThem) {
  variables["AWS_PROFILE"] = "work";
  for (const std::string way : {"sso_session", "sso_start_url", "login_session"}) {
    write(".aws/config", "[profile work]\n" + way + " = geheim\n");

    const Error error = error_of([this] { found(); });

    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.what(), "profile \"work\" has " + way + ", which is not supported");
    EXPECT_THAT(error.hint(), HasSubstr("export-credentials --format env --profile work"));
  }
}

TEST_F(CredentialsTest, ThoseOfTheCredentialsFileComeBeforeOtherWaysAndThoseOfConfigBehind) {
  write(".aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n");
  write(".aws/config", "[default]\ncredential_process = false\nsso_session = s\n");
  EXPECT_EQ(found(), "A/a/");

  write(".aws/credentials", "");
  write(".aws/config",
        "[default]\naws_access_key_id=B\naws_secret_access_key=b\ncredential_process = false\n");
  EXPECT_THAT(failure(), HasSubstr("credential_process \"false\" ended with status 1"));
}

TEST_F(CredentialsTest, OfTheEnvironmentMayHaveAnEnd) {
  variables["AWS_ACCESS_KEY_ID"] = "E";
  variables["AWS_SECRET_ACCESS_KEY"] = "geheim";
  for (const char* good : {"2100-01-01T00:00:00Z", "2100-01-01T00:00:00.123Z",
                           "2100-01-01T00:00:00+02:00", "9999-12-31T23:59:59Z"}) {
    variables["AWS_CREDENTIAL_EXPIRATION"] = good;
    EXPECT_EQ(found(), "E/geheim/") << good;
  }
  variables["AWS_CREDENTIAL_EXPIRATION"] = in_minutes(-1);
  EXPECT_THAT(failure(), StartsWith("usage: the credentials of the environment have expired"));
  for (const char* bad :
       {"tomorrow", "2100-01-01T00:00:00", "2100-01-01T00:00:00Zx", "2100-01-01T00:00:00+2:000"}) {
    variables["AWS_CREDENTIAL_EXPIRATION"] = bad;
    EXPECT_THAT(failure(), HasSubstr("gave an Expiration that is no time")) << bad;
  }
}

TEST_F(CredentialsTest, AMissingProfileIsAnError) {
  write(".aws/credentials", "[default]\naws_access_key_id=D\naws_secret_access_key=d\n");
  variables["AWS_PROFILE"] = "wrok";

  EXPECT_EQ(failure(), "usage: AWS_PROFILE names \"wrok\", but neither " + home.string() +
                           "/.aws/credentials nor " + home.string() +
                           "/.aws/config has that profile");
}

TEST_F(CredentialsTest, NoneIsAnErrorThatSaysWhereItLooked) {
  EXPECT_THAT(failure(), AllOf(StartsWith("usage: no AWS credentials"),
                               HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr("profile \"default\""),
                               HasSubstr(home.string() + "/.aws/credentials"),
                               HasSubstr(home.string() + "/.aws/config")));
}

TEST_F(CredentialsTest, AreReadAnewEachTime) {
  const auto keys = provider();
  write(".aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n");
  EXPECT_EQ(words(keys->get()), "A/a/");

  write(".aws/credentials", "[default]\naws_access_key_id=B\naws_secret_access_key=b\n");
  EXPECT_EQ(words(keys->get()), "B/b/");
}

TEST_F(CredentialsTest, TheRegionIsThatOfTheProfile) {
  const auto region_of = [](const Environment& of) -> std::optional<std::string> {
    const auto profile = read_profile(of, profile_name(of));
    return profile ? profile->value("region") : std::nullopt;
  };
  EXPECT_EQ(region_of(environment()), std::nullopt);

  write(".aws/config", "[default]\nregion = eu-west-1 # Dublin\n[profile p]\noutput=json\n");
  EXPECT_EQ(region_of(environment()), "eu-west-1");

  variables["AWS_PROFILE"] = "p";
  EXPECT_EQ(region_of(environment()), std::nullopt);

  write(".aws/credentials", "[p]\nregion=us-east-2\n");
  EXPECT_EQ(region_of(environment()), "us-east-2");
}

}  // namespace
}  // namespace dynamite::test
