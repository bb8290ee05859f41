#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "app/config/config.hpp"
#include "core/error.hpp"

namespace dynamite {

constexpr const char* kTwoKeys =
    "url = 'postgresql://app:secret@localhost/db'\nregion = 'us-west-2'\n";

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "dynamite-config-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    sources_.directories = {directory_ / "here", directory_ / "program"};
    for (const auto& directory : sources_.directories) std::filesystem::create_directory(directory);
    sources_.environment = [this](std::string_view name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional{found->second};
    };
    // So that no profile of the machine that runs the test gives a region.
    environment_["AWS_CONFIG_FILE"] = environment_["AWS_SHARED_CREDENTIALS_FILE"] =
        (directory_ / "none").string();
  }

  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{directory_ / name} << text;
    return (directory_ / name).string();
  }

  Config load(const std::string& toml) {
    sources_.file = write("dynamite.toml", toml);
    return load_config(sources_);
  }

  std::string error_of(const std::string& toml) {
    sources_.file = write("dynamite.toml", toml);
    return error();
  }

  std::string error() {
    try {
      load_config(sources_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  std::filesystem::path directory_;
  std::map<std::string, std::string, std::less<>> environment_;
  ConfigSources sources_;
};

}  // namespace dynamite
