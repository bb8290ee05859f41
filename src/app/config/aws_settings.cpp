#include "app/config/aws_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "app/config/certificates.hpp"
#include "app/config/names.hpp"
#include "app/config/value.hpp"
#include "core/lower_case.hpp"
#include "credentials/profile.hpp"

namespace dynamite {
namespace {

/// A setting that is a variable of the environment and a key of the profile, the first wins.
struct Name {
  std::string_view variable, key;
};

/// A value and where it stands.
struct Found {
  std::string value, where;
};

constexpr Name kIgnoreEndpoints{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                "ignore_configured_endpoint_urls"};
constexpr std::array kOtherEndpoints{Name{"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
                                     Name{"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"}};
// The variables are heeded, the keys are not.
constexpr std::array kMetadataEndpoints{
    Name{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"},
    Name{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"}};
constexpr Name kAccountEndpoints{"AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode"};
constexpr std::array kPassedOver{Name{"AWS_MAX_ATTEMPTS", "max_attempts"},
                                 Name{"AWS_RETRY_MODE", "retry_mode"},
                                 Name{"AWS_DEFAULTS_MODE", "defaults_mode"},
                                 Name{"AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints"}};

class Reader {
 public:
  Reader(const Environment& environment, Config& config, std::vector<std::string>& problems)
      : environment_{environment}, config_{config}, problems_{problems} {}

  void read() {
    find_profile();
    read_region();
    read_endpoints();
    refuse_other_endpoints();
    for (const Name& name : kPassedOver)
      if (const auto found = find(name))
        config_.remarks.push_back(fmt::format("{} is not used", found->where));
    const auto bundle = find({"AWS_CA_BUNDLE", "ca_bundle"});
    config_.ca_bundle = bundle ? bundle->value : packaged_certificates().value_or("");
  }

 private:
  // A profile that is asked for and missing may be the one that names an emulator: without it the
  // calls would go to AWS.
  void find_profile() {
    const std::string name = profile_name(environment_);
    profile_ = read_profile(environment_, name);
    if (profile_ || name == kDefaultProfile) return;
    problems_.push_back(
        fmt::format("the profile \"{}\", which the environment names, is in neither "
                    "{}",
                    name, shared_files(environment_)));
  }

  std::optional<Found> of_profile(const std::string& key) const {
    const auto value = profile_ ? profile_->value(key) : std::nullopt;
    if (!value) return std::nullopt;
    return Found{*value, fmt::format("{} of the profile \"{}\"", key, profile_->name)};
  }

  std::optional<Found> find(const Name& name) const {
    if (auto value = variable(environment_, name.variable))
      return Found{std::move(*value), std::string{name.variable}};
    return of_profile(std::string{name.key});
  }

  bool is_true(const Name& name) {
    const auto found = find(name);
    if (!found) return false;
    const std::string value = lower_case(found->value);
    if (value != "true" && value != "false")
      problems_.push_back(
          fmt::format("{} is {}, wanted true or false", found->where, printable(found->value)));
    return value == "true";
  }

  void read_region() {
    if (!config_.region.empty()) return;
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
      const auto text = variable(environment_, name);
      if (!text || !config_.region.empty()) continue;
      if (!is_region(*text))
        problems_.push_back(
            fmt::format("{}: region is {}, wanted a region's name such as "
                        "\"us-west-2\"",
                        name, printable(*text)));
      config_.region = *text;
    }
    if (config_.region.empty()) config_.region = of_profile("region").value_or(Found{}).value;
  }

  void read_endpoints() {
    if (is_true(kIgnoreEndpoints)) return;
    const auto services = services_of_profile();
    for (const ServiceFacts& service : kServices)
      if (const auto found = find_endpoint(service, services))
        config_.endpoints[service.service] = checked(*found);
  }

  std::optional<Found> find_endpoint(const ServiceFacts& service,
                                     const IniSection& services) const {
    const std::string own = fmt::format("AWS_ENDPOINT_URL_{}", service.setting_name);
    for (const std::string& name : {own, std::string{"AWS_ENDPOINT_URL"}})
      if (auto value = variable(environment_, name)) return Found{std::move(*value), name};
    const std::string section = lower_case(std::string{service.setting_name});
    if (const auto named = services.find(section + ".endpoint_url"); named != services.end())
      return Found{named->second,
                   fmt::format("endpoint_url of {} in the config file's services", section)};
    return of_profile("endpoint_url");
  }

  IniSection services_of_profile() {
    const auto named = of_profile("services");
    if (!named) return {};
    auto services = read_services(environment_, named->value);
    if (!services)
      problems_.push_back(fmt::format("{} is {}, but the config file has no [services {}]",
                                      named->where, printable(named->value), named->value));
    return services.value_or(IniSection{});
  }

  std::string checked(const Found& endpoint) {
    std::string url = endpoint.value;
    if (url.ends_with('/')) url.pop_back();
    const auto colon = url.find("://");
    const auto scheme = url.substr(0, colon);
    const auto host = colon == std::string::npos ? std::string{} : url.substr(colon + 3);
    const std::string problem = fmt::format(
        "{} is {}, wanted http://HOST:PORT or https://HOST:PORT", endpoint.where, printable(url));
    const bool good = (scheme == "http" || scheme == "https") && !host.empty() &&
                      host.find_first_of("/@?# \t\r\n") == std::string::npos;
    // AWS_ENDPOINT_URL is one problem, not one for each service.
    if (!good && std::ranges::find(problems_, problem) == problems_.end())
      problems_.push_back(problem);
    return url;
  }

  // Calls would go elsewhere than they are meant to.
  void refuse_other_endpoints() {
    for (const Name& name : kOtherEndpoints)
      if (is_true(name))
        problems_.push_back(
            fmt::format("{} is true, which is not supported: name the endpoints that are meant in "
                        "AWS_ENDPOINT_URL_DYNAMODB and its kin, and unset it",
                        find(name)->where));
    for (const Name& name : kMetadataEndpoints)
      if (const auto found = of_profile(std::string{name.key}))
        problems_.push_back(
            fmt::format("{} is not supported: set the variable {}", found->where, name.variable));
    const auto mode = find(kAccountEndpoints);
    if (mode && lower_case(mode->value) == "required")
      problems_.push_back(fmt::format(
          "{} is \"required\", which is not supported: set it to \"preferred\", or name the "
          "endpoint in AWS_ENDPOINT_URL_DYNAMODB",
          mode->where));
  }

  const Environment& environment_;
  Config& config_;
  std::vector<std::string>& problems_;
  std::optional<Profile> profile_;
};

}  // namespace

void read_aws_settings(const Environment& environment, Config& config,
                       std::vector<std::string>& problems) {
  Reader{environment, config, problems}.read();
}

}  // namespace dynamite
