#include "app/config/aws_settings.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/config/config_fixture.hpp"

namespace dynamite {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ConfigTest, RegionComesFromTheFirstThatNamesOne) {
  const std::string url = "url = 'postgresql://localhost/db'\n";
  environment_["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(load(url).region, "eu-west-2");

  environment_["AWS_REGION"] = "eu-west-1";
  EXPECT_EQ(load(url).region, "eu-west-1");

  EXPECT_EQ(load(url + "region = 'eu-north-1'").region, "eu-north-1");

  environment_["DYNAMITE_REGION"] = "eu-south-1";
  EXPECT_EQ(load(url + "region = 'eu-north-1'").region, "eu-south-1");
}

TEST_F(ConfigTest, RegionOfTheProfileIsTheLast) {
  environment_["AWS_CONFIG_FILE"] =
      write("aws", "[default]\nregion = sa-east-1\n[profile work]\nregion = ca-west-1\n");
  environment_["AWS_PROFILE"] = "work";

  EXPECT_EQ(load("url = 'postgresql://localhost/db'\n").region, "ca-west-1");
}

TEST_F(ConfigTest, EndpointsOfAwsComeFromTheEnvironment) {
  environment_["AWS_ENDPOINT_URL"] = "http://localhost:8000/";
  environment_["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = "https://streams.example:444";
  environment_["AWS_ENDPOINT_URL_STS"] = "https://sts.example";
  environment_["AWS_CA_BUNDLE"] = "/etc/bundle.pem";

  const auto config = load(kTwoKeys);

  EXPECT_EQ(config.endpoints[Service::dynamodb], "http://localhost:8000");
  EXPECT_EQ(config.endpoints[Service::streams], "https://streams.example:444");
  EXPECT_EQ(config.endpoints[Service::sts], "https://sts.example");
  EXPECT_EQ(config.ca_bundle, "/etc/bundle.pem");
}

TEST_F(ConfigTest, EndpointsOfTheProfileStandBehindTheEnvironments) {
  environment_["AWS_CONFIG_FILE"] =
      write("aws",
            "[ profile  a ]\nregion = eu-west-1\nservices = loc\nendpoint_url = http://all:1\n"
            "[services loc]\ndynamodb =\n  Endpoint_URL = http://127.0.0.1:7001\n"
            "dynamodb_streams =\n\tendpoint_url=http://127.0.0.1:7002 # the emulator\n"
            "[profile b]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:7003\n");
  environment_["AWS_PROFILE"] = "a";
  Config config = load(kTwoKeys);
  EXPECT_EQ(config.endpoints[Service::dynamodb], "http://127.0.0.1:7001");
  EXPECT_EQ(config.endpoints[Service::streams], "http://127.0.0.1:7002");
  EXPECT_EQ(config.endpoints[Service::sts], "http://all:1");

  environment_["AWS_ENDPOINT_URL"] = "http://environment:1";
  environment_["AWS_ENDPOINT_URL_LAMBDA"] = "http://lambda:1";
  config = load(kTwoKeys);
  EXPECT_EQ(config.endpoints[Service::dynamodb], "http://environment:1");
  EXPECT_EQ(config.endpoints[Service::lambda], "http://lambda:1");

  environment_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
  EXPECT_EQ(load(kTwoKeys).endpoints[Service::dynamodb], "");
  EXPECT_EQ(load(kTwoKeys).endpoints[Service::lambda], "");

  environment_ = {{"AWS_CONFIG_FILE", environment_["AWS_CONFIG_FILE"]},
                  {"AWS_DEFAULT_PROFILE", "b"}};
  EXPECT_EQ(load(kTwoKeys).endpoints[Service::dynamodb], "http://127.0.0.1:7003");
}

TEST_F(ConfigTest, AProfilesServicesAndTheProfileItselfMustBeThere) {
  environment_["AWS_CONFIG_FILE"] = write("aws", "[default]\nservices = gone\n");
  EXPECT_THAT(error_of(kTwoKeys), HasSubstr("services of the profile \"default\" is \"gone\", but "
                                            "the config file has no [services gone]"));

  environment_["AWS_PROFILE"] = "emulator";
  EXPECT_THAT(error_of(kTwoKeys),
              HasSubstr("the profile \"emulator\", which the environment names"));
}

struct Elsewhere {
  const char *name, *value;
};

class ElsewhereTest : public ConfigTest, public testing::WithParamInterface<Elsewhere> {};

TEST_P(ElsewhereTest, SettingsThatMoveCallsAreRefusedByName) {
  const auto [name, value] = GetParam();
  if (std::string_view{name}.starts_with("AWS_"))
    environment_[name] = value;
  else
    environment_["AWS_CONFIG_FILE"] =
        write("aws", fmt::format("[default]\n{} = {}\n", name, value));

  EXPECT_THAT(error_of(kTwoKeys), AllOf(HasSubstr(name), HasSubstr("is not supported")));
}

INSTANTIATE_TEST_SUITE_P(All, ElsewhereTest,
                         testing::Values(Elsewhere{"AWS_USE_FIPS_ENDPOINT", "true"},
                                         Elsewhere{"use_fips_endpoint", "TRUE"},
                                         Elsewhere{"AWS_USE_DUALSTACK_ENDPOINT", "True"},
                                         Elsewhere{"use_dualstack_endpoint", "true"},
                                         Elsewhere{"AWS_ACCOUNT_ID_ENDPOINT_MODE", "required"},
                                         Elsewhere{"account_id_endpoint_mode", "required"},
                                         Elsewhere{"ec2_metadata_service_endpoint", "http://[::1]"},
                                         Elsewhere{"ec2_metadata_service_endpoint_mode", "IPv6"}),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST_F(ConfigTest, SettingsOfAwsThatArePassedOverAreNamed) {
  environment_["AWS_MAX_ATTEMPTS"] = "9";
  environment_["AWS_CONFIG_FILE"] =
      write("aws", "[default]\nretry_mode = adaptive\nuse_fips_endpoint = false\n");

  EXPECT_THAT(load(kTwoKeys).remarks,
              ElementsAre("AWS_MAX_ATTEMPTS is not used",
                          "retry_mode of the profile \"default\" is not used"));
}

TEST_F(ConfigTest, CertificatesOfTheProfileAreUsed) {
  environment_["AWS_CONFIG_FILE"] = write("aws", "[default]\nca_bundle = /profile.pem\n");
  EXPECT_EQ(load(kTwoKeys).ca_bundle, "/profile.pem");
}

TEST_F(ConfigTest, EndpointMustBeSchemeAndHost) {
  for (const char* url : {"localhost:8000", "ftp://localhost", "http://", "http://host/path"}) {
    environment_["AWS_ENDPOINT_URL"] = url;

    EXPECT_THAT(error_of(kTwoKeys), AllOf(HasSubstr("AWS_ENDPOINT_URL is"), HasSubstr(url)));
  }
}

}  // namespace
}  // namespace dynamite
