#include <gmock/gmock.h>
#include <minizip/unzip.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <system_error>

#include "ingest/fixture.hpp"
#include "support/dns_server.hpp"
#include "support/process.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

constexpr std::string_view kSuccess = R"({"batchItemFailures":[]})";

struct Entry {
  std::string bytes;
  mode_t mode = 0;
};

std::map<std::string, Entry> read_zip(const std::string& path) {
  std::map<std::string, Entry> entries;
  unzFile zip = unzOpen64(path.c_str());
  if (zip == nullptr) throw std::runtime_error{"cannot open " + path + ": run `make package`"};
  for (int status = unzGoToFirstFile(zip); status == UNZ_OK; status = unzGoToNextFile(zip)) {
    unz_file_info64 info{};
    std::string name(256, '\0');
    unzGetCurrentFileInfo64(zip, &info, name.data(), name.size(), nullptr, 0, nullptr, 0);
    Entry entry{.bytes = std::string(info.uncompressed_size, '\0'),
                .mode = static_cast<mode_t>(info.external_fa >> 16U)};
    unzOpenCurrentFile(zip);
    const int size =
        unzReadCurrentFile(zip, entry.bytes.data(), static_cast<unsigned>(entry.bytes.size()));
    if (size != static_cast<int>(entry.bytes.size()) || unzCloseCurrentFile(zip) != UNZ_OK)
      throw std::runtime_error{"a damaged file in " + path};
    entries.emplace(name.c_str(), std::move(entry));
  }
  unzClose(zip);
  return entries;
}

/// The function's package in a root that holds nothing else: no libraries, no /proc.
class PackageTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    std::string pattern = testing::TempDir() + "dynamite-root-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }

  void unpack(const std::string& zip) {
    for (const auto& [name, entry] : read_zip(zip)) {
      write(name, entry.bytes);
      chmod((root_ / name).c_str(), entry.mode);
    }
  }

  void TearDown() override {
    program_.reset();
    fs::remove_all(root_);
    IngestTest::TearDown();
  }

  void write(const fs::path& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream{root_ / name, std::ios::binary} << text;
  }

  void start(const std::string& database,
             const std::vector<std::string>& bootstrap = {"/bootstrap"}) {
    std::map<std::string, std::string> environment{{"AWS_LAMBDA_RUNTIME_API", api_.address()},
                                                   {"DYNAMITE_URL", database},
                                                   {"DYNAMITE_REGION", "us-east-1"},
                                                   {"DYNAMITE_SCHEMA", schema()},
                                                   {"DYNAMITE_STATE_SCHEMA", state_schema()}};
    std::vector<std::string> command{"/usr/bin/unshare", "--map-root-user",
                                     "--root=" + root_.string(), "--wd=/"};
    command.insert(command.end(), bootstrap.begin(), bootstrap.end());
    program_ = std::make_unique<Process>(command, environment);
  }

  std::string url_by_name(const std::string& host) const {
    std::string by_name = url();
    by_name.replace(by_name.find("127.0.0.1"), std::string_view{"127.0.0.1"}.size(), host);
    return by_name + "?sslmode=disable";
  }

  fs::path root_;
  RuntimeApi api_;
  std::unique_ptr<Process> program_;
};

TEST_F(PackageTest, IsSmallAndHoldsWhatLambdaNeeds) {
  const auto entries = read_zip(DYNAMITE_LAMBDA_ZIP);

  EXPECT_LT(fs::file_size(DYNAMITE_LAMBDA_ZIP), 5'000'000U);
  EXPECT_EQ(entries.at("bootstrap").mode, S_IFREG | 0755U);
  EXPECT_THAT(entries.at("certificates.pem").bytes, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(entries.at("LICENCES").bytes, HasSubstr("PostgreSQL"));
  EXPECT_THAT(entries, Not(Contains(Key("dynamite.toml"))));
}

TEST_F(PackageTest, ServesInvocationsInAnEmptyRoot) {
  unpack(DYNAMITE_LAMBDA_ZIP);
  start(url());

  EXPECT_EQ(api_.invoke(event_of({put_record("a", 1), put_record("b", 2)})).body, kSuccess);
  EXPECT_EQ(api_.invoke(remove_event("a", 3)).body, kSuccess);

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "b");
}

TEST_F(PackageTest, ServesInvocationsOfAnotherArchitecture) {
  constexpr const char* kQemu = "/usr/bin/qemu-aarch64-static";
  if (!fs::exists(DYNAMITE_LAMBDA_ARM64_ZIP) || !fs::exists(kQemu))
    GTEST_SKIP() << "no " << DYNAMITE_LAMBDA_ARM64_ZIP << ": make package ARCH=arm64";
  unpack(DYNAMITE_LAMBDA_ARM64_ZIP);
  fs::copy_file(kQemu, root_ / "qemu");
  start(url(), {"/qemu", "/bootstrap"});

  EXPECT_EQ(api_.invoke(event_of({put_record("a", 1), put_record("b", 2)})).body, kSuccess);
  EXPECT_EQ(api_.invoke(remove_event("a", 3)).body, kSuccess);

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "b");
}

TEST_F(PackageTest, FindsAHostOfTheHostsFile) {
  unpack(DYNAMITE_LAMBDA_ZIP);
  write("etc/hosts", "127.0.0.1 database.test\n");
  start(url_by_name("database.test"));

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
}

TEST_F(PackageTest, FindsAHostByDns) {
  std::optional<DnsServer> dns;
  try {
    dns.emplace();
  } catch (const std::system_error& error) {
    GTEST_SKIP() << error.what() << ": run as root";
  }
  unpack(DYNAMITE_LAMBDA_ZIP);
  write("etc/resolv.conf", "nameserver 127.0.0.1\n");
  start(url_by_name("database.test"));

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  EXPECT_GT(dns->answers(), 0);
}

TEST_F(PackageTest, VerifiesHostsByTheCertificatesItBrings) {
  std::string secure = url_by_name("database.test");
  secure.replace(secure.find("sslmode=disable"), std::string::npos, "sslmode=verify-full");
  unpack(DYNAMITE_LAMBDA_ZIP);
  write("etc/hosts", "127.0.0.1 database.test\n");
  start(secure);

  // The test's server has no TLS: to be told so, the certificates must have been found.
  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_TRUE(answer.error);
  EXPECT_THAT(answer.body, HasSubstr("server does not support SSL"));
}

TEST_F(PackageTest, TakesAConfigurationAndTheCertificatesOfRds) {
  write("dynamite.toml", "region = \"eu-west-1\"\n");
  write("rds.pem", "-----BEGIN CERTIFICATE-----\nrds\n-----END CERTIFICATE-----\n");
  const std::string zip = root_ / "function.zip";
  Process packer{{DYNAMITE_LAMBDA_PROGRAM, "--config", root_ / "dynamite.toml", "package",
                  "--output", zip, "--rds-ca", root_ / "rds.pem"},
                 {}};

  ASSERT_EQ(packer.wait(), 0) << packer.errors();
  const auto entries = read_zip(zip);
  EXPECT_EQ(entries.at("dynamite.toml").bytes, "region = \"eu-west-1\"\n");
  EXPECT_THAT(entries.at("certificates.pem").bytes, HasSubstr("\nrds\n"));
}

TEST_F(PackageTest, SaysWhatIsMissing) {
  const Finished made = run_program({"package"}, {});

  EXPECT_EQ(made.status, 2);
  EXPECT_THAT(made.errors, HasSubstr("make package"));
}

}  // namespace
}  // namespace dynamite::test
