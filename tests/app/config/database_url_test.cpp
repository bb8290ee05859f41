#include "app/config/database_url.hpp"

#include <gmock/gmock.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>

#include "core/error.hpp"
#include "core/handle.hpp"

namespace dynamite {
namespace {

using testing::HasSubstr;
using testing::Not;

using Variables = std::map<std::string, std::string, std::less<>>;

Environment environment(Variables variables = {}) {
  variables.try_emplace("SSL_CERT_FILE", "/etc/my certs/ca.pem");
  return [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
}

/// What libpq itself reads in the URL that we hand to it.
Variables libpq_reads(const std::string& conninfo) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, Closer<PQconninfoFree>> options{
      PQconninfoParse(conninfo.c_str(), &complaint)};
  EXPECT_TRUE(options) << complaint;
  PQfreemem(complaint);
  Variables result;
  for (auto* option = options.get(); option && option->keyword; ++option)
    if (option->val != nullptr) result[option->keyword] = option->val;
  return result;
}

Variables read(std::string_view url, Variables variables = {}) {
  return libpq_reads(parse_database_url(url, environment(std::move(variables))).conninfo);
}

/// A variable of the process, which libpq reads by itself, for as long as this lives.
class Exported {
 public:
  Exported(std::string name, const std::string& value) : name_{std::move(name)} {
    setenv(name_.c_str(), value.c_str(), 1);
  }
  Exported(const Exported&) = delete;
  Exported& operator=(const Exported&) = delete;
  ~Exported() { unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

std::string mode_of(std::string_view url) {
  const auto options = read(url);
  const auto mode = options.find("sslmode");
  return mode == options.end() ? "" : mode->second;
}

std::string error_of(std::string_view url) {
  try {
    parse_database_url(url, environment());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    return error.what();
  }
  ADD_FAILURE() << "no error: " << url;
  return {};
}

TEST(DatabaseUrl, OfSeveralHostsTheWriterIsWanted) {
  EXPECT_EQ(read("postgresql://127.0.0.1:1,127.0.0.1:2/db").at("target_session_attrs"),
            "read-write");
  EXPECT_EQ(read("postgresql://127.0.0.1:1,127.0.0.1:2/db?target_session_attrs=any")
                .at("target_session_attrs"),
            "any");
  EXPECT_EQ(read("postgresql://127.0.0.1:1/db").count("target_session_attrs"), 0U);
}

TEST(DatabaseUrl, DriverSuffixesAreIgnored) {
  for (const char* scheme : {"postgres", "postgresql", "postgres+pg8000", "postgresql+psycopg2"}) {
    const auto url = std::string{scheme} + "://app:s%40crt@localhost:5433/db";

    EXPECT_EQ(read(url), (Variables{{"user", "app"},
                                    {"password", "s@crt"},
                                    {"host", "localhost"},
                                    {"port", "5433"},
                                    {"dbname", "db"}}));
  }
}

TEST(DatabaseUrl, HostThatIsNotLocalIsVerified) {
  for (const char* host : {"db.example.com", "10.0.0.1", "127.evil.example", "[2001:db8::1]",
                           "localhost.example", "localhost,db.example.com", "1270.0.0.1"}) {
    const auto options = read(std::string{"postgresql://u:p@"} + host + "/db");

    EXPECT_EQ(options.at("sslmode"), "verify-full") << host;
    EXPECT_EQ(options.at("sslrootcert"), "/etc/my certs/ca.pem") << host;
  }
}

TEST(DatabaseUrl, LocalHostIsLeftAsItIs) {
  for (const char* url :
       {"postgresql://localhost/db", "postgresql://127.0.0.1/db", "postgresql://127.1.2.3:1/db",
        "postgresql://[::1]:5432/db", "postgresql:///db", "postgresql://", "postgresql://%2Frun/db",
        "postgresql:///db?host=/var/run/postgresql", "postgresql://localhost,127.0.0.1/db",
        "postgresql://db.example.com/db?hostaddr=127.0.0.1", "postgresql://x/db?host=localhost"}) {
    const auto options = read(url);

    EXPECT_FALSE(options.contains("sslmode")) << url;
    EXPECT_FALSE(options.contains("sslrootcert")) << url;
  }
}

TEST(DatabaseUrl, WhatLibpqConnectsToDecides) {
  EXPECT_EQ(read("postgresql://localhost/db?hostaddr=10.0.0.1").at("sslmode"), "verify-full");
  EXPECT_EQ(read("postgresql://localhost/db?host=a.example").at("sslmode"), "verify-full");
  EXPECT_EQ(mode_of("postgresql:///db?service=of-no-file"), "verify-full");
  {
    const Exported host{"PGHOST", "a.example"};
    EXPECT_EQ(mode_of("postgresql:///db"), "verify-full");
    EXPECT_EQ(mode_of("postgresql://localhost/db"), "");
  }
  {
    const Exported address{"PGHOSTADDR", "10.0.0.1"};
    EXPECT_EQ(mode_of("postgresql:///db"), "verify-full");
    EXPECT_EQ(mode_of("postgresql://localhost/db"), "verify-full");
  }
  {
    const Exported address{"PGHOSTADDR", "127.0.0.1"};
    EXPECT_EQ(mode_of("postgresql://a.example/db?hostaddr="), "verify-full");
  }
  const Exported host{"PGHOST", "/run"};
  EXPECT_EQ(mode_of("postgresql:///db"), "");
}

TEST(DatabaseUrl, ServiceFilesDecideWhereLibpqTakesTheHostFromThem) {
  const std::string file = testing::TempDir() + "pg_service.conf";
  std::ofstream{file} << "[far]\nhost=db.example.com\nsslmode=disable\n"
                         "[hidden]\nhostaddr=10.0.0.1\n[near]\nhost=/run\n"
                         "[mixed]\nhost=localhost,b.example\n";
  const Exported files{"PGSERVICEFILE", file};

  EXPECT_EQ(mode_of("postgresql:///db?service=far"), "verify-full");
  EXPECT_EQ(mode_of("postgresql:///db?service=mixed"), "verify-full");
  EXPECT_EQ(mode_of("postgresql://localhost/db?service=hidden"), "verify-full");
  EXPECT_EQ(mode_of("postgresql:///db?service=near"), "");
  EXPECT_EQ(mode_of("postgresql://localhost/db?service=far"), "");
  const Exported service{"PGSERVICE", "far"};
  EXPECT_EQ(mode_of("postgresql:///db"), "verify-full");
  EXPECT_EQ(mode_of("postgresql:///db?sslmode=require"), "require");
}

TEST(DatabaseUrl, UrlHasTheLastWordOnTls) {
  const auto disabled = read("postgresql://db.example.com/db?sslmode=disable");
  EXPECT_EQ(disabled.at("sslmode"), "disable");
  EXPECT_FALSE(disabled.contains("sslrootcert"));

  EXPECT_EQ(read("postgresql://db.example.com/db?ssl=true").at("sslmode"), "require");
  EXPECT_EQ(read("postgresql://db.example.com/db?sslrootcert=/my.pem").at("sslrootcert"),
            "/my.pem");

  const auto local = read("postgresql://localhost/db?sslmode=verify-ca");
  EXPECT_EQ(local.at("sslmode"), "verify-ca");
  EXPECT_EQ(local.at("sslrootcert"), "/etc/my certs/ca.pem");
}

TEST(DatabaseUrl, CertificatesNamedForLibpqAreLeftToIt) {
  EXPECT_FALSE(
      read("postgresql://a.example/db", {{"PGSSLROOTCERT", "/x"}}).contains("sslrootcert"));
}

TEST(DatabaseUrl, ParametersAreKept) {
  const auto options =
      read("postgresql://h1:1,h2:2/db?target_session_attrs=read-write&connect_timeout=3");

  EXPECT_EQ(options.at("host"), "h1,h2");
  EXPECT_EQ(options.at("port"), "1,2");
  EXPECT_EQ(options.at("target_session_attrs"), "read-write");
  EXPECT_EQ(options.at("connect_timeout"), "3");
  EXPECT_EQ(options.at("sslmode"), "verify-full");
}

TEST(DatabaseUrl, QuestionMarkWithoutParametersIsFine) {
  EXPECT_EQ(read("postgresql://u:p?w@a.example/db?").at("password"), "p?w");
  EXPECT_EQ(read("postgresql://u:p?w@a.example/db").at("sslmode"), "verify-full");
}

TEST(DatabaseUrl, RedactedFormHasNeitherPasswordNorParameters) {
  const auto redacted = [](std::string_view url) {
    return parse_database_url(url, environment()).redacted;
  };

  EXPECT_EQ(redacted("postgres+pg8000://app:secret@db.example.com:5432/orders?sslpassword=x"),
            "postgresql://app@db.example.com:5432/orders");
  EXPECT_EQ(redacted("postgresql://h1,h2:2/db?user=u&password=secret"), "postgresql://h1,h2:2/db");
  EXPECT_EQ(redacted("postgresql:///db?host=/run/postgresql"), "postgresql:///run/postgresql/db");
}

struct BadUrl {
  const char* name;
  const char* url;
  const char* says;
};

class DatabaseUrlBadTest : public testing::TestWithParam<BadUrl> {};

TEST_P(DatabaseUrlBadTest, IsRefusedWithoutThePassword) {
  const auto error = error_of(GetParam().url);

  EXPECT_THAT(error, HasSubstr(GetParam().says));
  EXPECT_THAT(error, Not(HasSubstr("hunter")));
  EXPECT_THAT(error, Not(HasSubstr("ss2")));
}

INSTANTIATE_TEST_SUITE_P(
    All, DatabaseUrlBadTest,
    testing::Values(
        BadUrl{"Empty", "", "does not begin with postgresql://"},
        BadUrl{"Keywords", "host=localhost password=hunter", "has a space"},
        BadUrl{"Scheme", "mysql://u:hunter@h/db", "does not begin with postgresql://"},
        BadUrl{"SchemeAlike", "postgresqlx://u:hunter@h/db", "does not begin with postgresql://"},
        BadUrl{"AtInPassword", "postgresql://u:hunter@ss2@h/db", "@ %40"},
        BadUrl{"SlashInPassword", "postgresql://u:hunter/ss2@h/db", "@ %40"},
        BadUrl{"NumberSlashInPassword", "postgresql://u:12/ss2@h/db", "@ %40"},
        BadUrl{"PercentInPassword", "postgresql://u:hunter%ss2@h/db", "%25"},
        BadUrl{"Nul", "postgresql://u:hunter%00@h/db", "%25"},
        BadUrl{"CutPercent", "postgresql://u:p@h/db%4", "%25"},
        BadUrl{"Space", "postgresql://u:hunter ss2@h/db", "%20"},
        BadUrl{"Port", "postgresql://u:hunter@h:99999/db", "from 1 to 65535"},
        BadUrl{"PortText", "postgresql://u:hunter@h:x/db", "from 1 to 65535"},
        BadUrl{"Bracket", "postgresql://[::1/db", "a [ without its ]"},
        BadUrl{"BehindBracket", "postgresql://[::1]5432/db", "behind a ]"},
        BadUrl{"EmptyBrackets", "postgresql://u:hunter@[]/db", "not one that libpq reads"},
        BadUrl{"Sslmode", "postgresql://h/db?sslmode=full", "wanted disable, allow, prefer"},
        BadUrl{"Ssl", "postgresql://h/db?ssl=True", "wanted true, or sslmode instead"},
        BadUrl{"Parameter", "postgresql://h/db?sslmod=require", "did you mean \"sslmode\"?"},
        BadUrl{"NoValue", "postgresql://h/db?sslmode", "NAME=VALUE"},
        BadUrl{"TwoEquals", "postgresql://h/db?options=a=b", "NAME=VALUE"}),
    [](const auto& info) { return info.param.name; });

TEST(DatabaseUrl, CarriesWhatLibpqReadsInIt) {
  for (const char* text :
       {"postgresql://app:s%40@db.example:5433/d", "postgres://localhost", "postgresql:///d?user=u",
        "postgresql+psycopg://app@127.0.0.1/d?ssl=true", "postgresql://a,b:1,c/d",
        "postgresql:///d?host=/run&port=1&sslmode=disable", "postgresql://[::1]:7/d"}) {
    const DatabaseUrl url = parse_database_url(text, environment());
    Variables read = libpq_reads(url.conninfo);

    EXPECT_EQ(url.host, read["host"]) << text;
    EXPECT_EQ(url.port, read["port"]) << text;
    EXPECT_EQ(url.user, read["user"]) << text;
    EXPECT_EQ(url.sslmode, read["sslmode"]) << text;
  }
}

}  // namespace
}  // namespace dynamite
