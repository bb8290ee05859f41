#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "ingest/fixture.hpp"
#include "support/errors.hpp"
#include "support/process.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kHost = "db.example.test";

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  Process process{std::move(arguments), {}};
  if (process.wait() != 0) throw std::runtime_error{"openssl: " + process.errors()};
}

/// A certificate authority in `folder`: ca.pem, ca.key.
void make_authority(const fs::path& folder) {
  fs::create_directories(folder);
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "2", "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out",
           folder / "ca.pem"});
}

/// A certificate of kHost by that authority: server.pem, server.key.
void make_certificate(const fs::path& folder) {
  openssl({"req",
           "-x509",
           "-newkey",
           "ec",
           "-pkeyopt",
           "ec_paramgen_curve:P-256",
           "-nodes",
           "-days",
           "2",
           "-subj",
           "/CN=server",
           "-addext",
           std::string{"subjectAltName=DNS:"} + kHost,
           "-CA",
           folder / "ca.pem",
           "-CAkey",
           folder / "ca.key",
           "-keyout",
           folder / "server.key",
           "-out",
           folder / "server.pem"});
}

/// A server with TLS and SCRAM, and a program, the shared or the static one, that opens it by a
/// name of the test's. The URL names the address too, so it must also say that the name is
/// verified.
class TlsTest : public IngestTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    std::string pattern = testing::TempDir() + "dynamite-tls-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    make_authority(folder_);
    make_certificate(folder_);
    install("server.key");
    install("server.pem");
    set("ssl_cert_file = 'server.pem'");
    set("ssl_key_file = 'server.key'");
    set("ssl = on");
    reload("on");
  }

  void TearDown() override {
    program_.reset();
    switch_off();
    for (const char* name : {"ssl_cert_file", "ssl_key_file"})
      query(fmt::format("ALTER SYSTEM RESET {}", name));
    fs::remove_all(folder_);
    IngestTest::TearDown();
  }

  void switch_off() {
    query("ALTER SYSTEM RESET ssl");
    reload("off");
  }

  std::string url_of_host(const std::string& host, const std::string& parameters = "") const {
    std::string by_name = url();
    by_name.replace(by_name.find("127.0.0.1"), std::string_view{"127.0.0.1"}.size(), host);
    return by_name + "?hostaddr=127.0.0.1&sslmode=verify-full" + parameters;
  }

  void start(const std::string& database, const std::string& ca_file) {
    program_ = std::make_unique<Process>(
        std::vector<std::string>{GetParam()},
        std::map<std::string, std::string>{{"AWS_LAMBDA_RUNTIME_API", api_.address()},
                                           {"DYNAMITE_URL", database},
                                           {"DYNAMITE_CA_FILE", ca_file},
                                           {"DYNAMITE_SCHEMA", schema()},
                                           {"DYNAMITE_STATE_SCHEMA", state_schema()}});
  }

  /// What the program says of a server that it must not trust. It ends then.
  std::string refusal() {
    const std::string body = api_.wait_for_answer().body;
    EXPECT_EQ(program_->wait(), 2);
    return body;
  }

  fs::path folder_;
  RuntimeApi api_;
  std::unique_ptr<Process> program_;

 private:
  static fs::path data() { return std::getenv("DYNAMITE_TEST_PG_DATA"); }

  /// The server reads its key only if nobody else can.
  void install(const std::string& name) const {
    struct stat owner {};
    stat(data().c_str(), &owner);
    const fs::path target = data() / name;
    fs::copy_file(folder_ / name, target, fs::copy_options::overwrite_existing);
    fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
    if (chown(target.c_str(), owner.st_uid, owner.st_gid) != 0)
      throw std::runtime_error{"cannot give the server its certificate"};
  }

  void set(const std::string& setting) { query("ALTER SYSTEM SET " + setting); }

  void reload(const std::string& ssl) {
    query("SELECT pg_reload_conf()");
    wait_until(fmt::format("SELECT current_setting('ssl') = '{}'", ssl));
    // The postmaster, which takes connections, reads it at a time of its own.
    const pg::ConnectOptions probe{.conninfo = url() + "?sslmode=require", .application_name = ""};
    for (int i = 0; i < 1'000; ++i) {
      const bool on = failure_of([&] { pg::Connection::open(probe); }).empty();
      if (on == (ssl == "on")) return;
      usleep(5'000);
    }
    throw std::runtime_error{"the server did not switch its TLS " + ssl};
  }
};

TEST_P(TlsTest, AServerOfTheRightNameAndAuthorityIsOpened) {
  start(url_of_host(kHost), folder_ / "ca.pem");

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, R"({"batchItemFailures":[]})");
  EXPECT_EQ(query("SELECT ssl, version >= 'TLSv1.2' FROM pg_stat_ssl JOIN pg_stat_activity USING "
                  "(pid) WHERE application_name = 'dynamite/lambda'"),
            "t|t");
}

TEST_P(TlsTest, ScramIsBoundToTheChannelWhereTheUrlAsksForIt) {
  start(url_of_host(kHost, "&channel_binding=require"), folder_ / "ca.pem");

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, R"({"batchItemFailures":[]})");
}

TEST_P(TlsTest, ACertificateOfAnotherAuthorityIsRefused) {
  make_authority(folder_ / "other");
  start(url_of_host(kHost), folder_ / "other/ca.pem");

  EXPECT_THAT(refusal(), AllOf(HasSubstr("certificate verify failed"), HasSubstr("ca_file")));
}

TEST_P(TlsTest, ThePublicAuthoritiesDoNotVouchForAnOwnOne) {
  start(url_of_host(kHost), "");

  EXPECT_THAT(refusal(), AllOf(HasSubstr("certificate verify failed"), HasSubstr("ca_file")));
}

TEST_P(TlsTest, ACertificateOfAnotherHostIsRefused) {
  start(url_of_host("other.example.test"), folder_ / "ca.pem");

  EXPECT_THAT(refusal(), AllOf(HasSubstr("db.example.test"), HasSubstr("does not match host name"),
                               HasSubstr("other.example.test")));
}

TEST_P(TlsTest, AServerWithoutTlsIsRefused) {
  switch_off();
  start(url_of_host(kHost), folder_ / "ca.pem");

  EXPECT_THAT(refusal(), HasSubstr("server does not support SSL"));
}

INSTANTIATE_TEST_SUITE_P(, TlsTest, testing::Values(DYNAMITE_PROGRAM, DYNAMITE_LAMBDA_PROGRAM),
                         [](const auto& program) {
                           return program.index == 0 ? std::string{"Shared"}
                                                     : std::string{"Static"};
                         });

}  // namespace
}  // namespace dynamite::test
