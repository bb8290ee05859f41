#include <libpq-fe.h>

#include <map>
#include <string>

#include "app/config/database_url.hpp"
#include "core/handle.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {
namespace {

using Options = std::map<std::string, std::string>;

std::optional<std::string> environment(std::string_view name) {
  if (name == "SSL_CERT_FILE") return "/certificates.pem";
  return std::nullopt;
}

/// What libpq itself reads in the URL that we hand to it.
Options libpq_reads(const std::string& conninfo) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, Closer<PQconninfoFree>> read{
      PQconninfoParse(conninfo.c_str(), &complaint)};
  require(read != nullptr, complaint == nullptr ? "libpq reads the URL" : complaint);
  Options options;
  for (const auto* option = read.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) options[option->keyword] = option->val;
  return options;
}

bool is_digit_or_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A password of letters and digits, of which none can be a part of a percent-encoding.
bool is_plain(const std::string& password) {
  return !password.empty() && (password.front() | 0x20) > 'f' &&
         std::ranges::all_of(password, is_digit_or_letter);
}

void require_redacted(const std::string& redacted, Options options) {
  const std::string password = options["password"];
  if (!is_plain(password)) return;
  for (const char* shown : {"user", "host", "port", "dbname"})
    if (options[shown].find(password) != std::string::npos) return;
  const std::string scheme = "postgresql://";
  require(redacted.find(password, scheme.size()) == std::string::npos, "no password is shown");
}

}  // namespace

/// The URL of a database.
void run(std::string_view input) {
  DatabaseUrl url;
  if (!accepts({Error::Kind::usage}, [&] { url = parse_database_url(input, environment); })) return;
  Options options = libpq_reads(url.conninfo);
  require_redacted(url.redacted, options);

  const std::string host = options["hostaddr"].empty() ? options["host"] : options["hostaddr"];
  if (host.find_first_not_of("0123456789.") == std::string::npos && !host.empty() &&
      !host.starts_with("127."))
    require(options.contains("sslmode"), "a host elsewhere is verified");
}

}  // namespace dynamite::fuzz
