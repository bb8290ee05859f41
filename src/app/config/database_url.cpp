#include "app/config/database_url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/config/certificates.hpp"
#include "app/config/value.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"

namespace dynamite {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  throw Error{Error::Kind::usage, fmt::format("the database URL {}", why)};
}

/// The raw pieces of a URL, still percent-encoded.
struct Pieces {
  std::string_view user;
  std::string_view hosts;  ///< with ports
  std::string_view database;
  std::optional<std::string_view> query;
  std::string_view after_scheme;
};

using Parameters = std::map<std::string, std::string, std::less<>>;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0)
      refuse("has a % that no two hex digits follow; a % in the password is written %25");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view{"-._~/"}.find(c) != std::string_view::npos;
    encoded += plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view without_scheme(std::string_view url) {
  const auto colon = url.find("://");
  const auto scheme = url.substr(0, colon);
  const auto name = scheme.substr(0, scheme.find('+'));
  if (colon == std::string_view::npos || (name != "postgres" && name != "postgresql"))
    refuse(
        "does not begin with postgresql://, wanted postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  return url.substr(colon + 3);
}

/// Takes `url` apart as libpq's conninfo_uri_parse_options does.
Pieces take_apart(std::string_view url) {
  Pieces pieces;
  pieces.after_scheme = without_scheme(url);
  std::string_view rest = pieces.after_scheme;
  const auto at = rest.find_first_of("@/");
  if (at != std::string_view::npos && rest[at] == '@') {
    const auto credentials = rest.substr(0, at);
    decode(credentials);
    pieces.user = credentials.substr(0, credentials.find(':'));
    rest.remove_prefix(at + 1);
  }
  const auto question = rest.find('?');
  if (question != std::string_view::npos) pieces.query = rest.substr(question + 1);
  const auto place = rest.substr(0, question);
  const auto slash = place.find('/');
  pieces.hosts = place.substr(0, slash);
  if (slash != std::string_view::npos) pieces.database = place.substr(slash + 1);
  if (rest.find('@') != std::string_view::npos ||
      pieces.database.find('/') != std::string_view::npos)
    refuse(
        "has an @ or / too many; in the password these are written @ %40, / %2F, ? %3F, # %23, : "
        "%3A");
  decode(pieces.database);
  return pieces;
}

void check_port(std::string_view port) {
  const auto number = parse_whole_number(port);
  if (!port.empty() && (!number || *number < 1 || *number > 65'535))
    refuse(
        "has a port that is no number from 1 to 65535 (or a password whose special "
        "characters are not percent-encoded)");
}

/// Refuses what is neither `HOST:PORT` nor `[IPv6]:PORT`.
void check_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) refuse("has a [ without its ]");
    const auto behind = text.substr(close + 1);
    if (!behind.empty() && !behind.starts_with(':'))
      refuse("has something else than a :PORT behind a ]");
    if (!behind.empty()) check_port(behind.substr(1));
    return;
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) check_port(text.substr(colon + 1));
  decode(text.substr(0, colon));
}

using OptionList = std::unique_ptr<PQconninfoOption, Closer<PQconninfoFree>>;

Parameters values_of(const OptionList& options) {
  Parameters values;
  for (const auto* option = options.get(); option && option->keyword; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  return values;
}

void check_parameter(std::string_view name) {
  const OptionList options{PQconninfoParse("postgresql://", nullptr)};
  std::vector<std::string_view> known{
      "ssl"};  // what JDBC calls sslmode=require; libpq reads it too
  for (const auto* option = options.get(); option && option->keyword; ++option)
    known.emplace_back(option->keyword);
  if (std::ranges::find(known, name) != known.end()) return;
  const auto similar = nearest(name, known);
  refuse(fmt::format("has the parameter \"{}\", which libpq does not know{}", name,
                     similar ? fmt::format("; did you mean \"{}\"?", *similar) : ""));
}

void check_tls(const Parameters& parameters) {
  constexpr std::array<std::string_view, 6> kModes{"disable", "allow",     "prefer",
                                                   "require", "verify-ca", "verify-full"};
  const auto ssl = parameters.find("ssl");
  if (ssl != parameters.end() && ssl->second != "true")
    refuse(fmt::format("has ssl=\"{}\", wanted true, or sslmode instead", ssl->second));
  const auto mode = parameters.find("sslmode");
  if (mode == parameters.end()) return;
  if (std::ranges::find(kModes, mode->second) == kModes.end())
    refuse(fmt::format("has sslmode=\"{}\", wanted {}", mode->second,
                       "disable, allow, prefer, require, verify-ca or verify-full"));
}

Parameters parameters_of(std::string_view query) {
  Parameters parameters;
  if (query.empty()) return parameters;
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || part.find('=', equals + 1) != std::string_view::npos)
      refuse("has a parameter that is not of the form NAME=VALUE (a = in a value is %3D)");
    const auto name = decode(part.substr(0, equals));
    check_parameter(name);
    parameters[name] = decode(part.substr(equals + 1));
  }
  check_tls(parameters);
  return parameters;
}

bool is_loopback(const in_addr& address) { return (ntohl(address.s_addr) >> 24) == 127; }

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return is_loopback(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

/// Of every address that the name stands for on this machine.
bool resolves_to_loopback(const std::string& name) {
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, nullptr, &found) != 0) return false;
  const std::unique_ptr<addrinfo, Closer<freeaddrinfo>> addresses{found};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    if (!is_loopback(*each->ai_addr)) return false;
  return true;
}

bool is_local(const std::string& host) {
  if (host.empty() || host.starts_with('/') || host.starts_with('@')) return true;  // Unix socket
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return is_loopback(v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost" && resolves_to_loopback(host);
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> result;
  for (const auto part : split(text, ',')) result.emplace_back(part);
  return result;
}

/// What libpq makes of the URL, the environment and service files. Empty if it cannot be told:
/// a service that is not to be found, say. Nothing is connected: an sslmode that libpq refuses ends
/// the attempt once all options are read.
Parameters resolved_by_libpq(const std::string& conninfo) {
  constexpr const char* kNoMode = "none of libpq's";
  const std::array<const char*, 3> keywords{"dbname", "sslmode", nullptr};
  const std::array<const char*, 3> values{conninfo.c_str(), kNoMode, nullptr};
  const std::unique_ptr<PGconn, Closer<PQfinish>> attempt{
      PQconnectStartParams(keywords.data(), values.data(), 1)};
  if (!attempt) throw std::bad_alloc{};
  Parameters resolved = values_of(OptionList{PQconninfo(attempt.get())});
  if (resolved["sslmode"] != kNoMode) return {};
  return resolved;
}

/// The places that libpq will connect to, an address or a host each.
std::vector<std::string> destinations(const std::string& conninfo) {
  Parameters resolved = resolved_by_libpq(conninfo);
  if (resolved.empty()) return {"unknown"};
  std::vector<std::string> places = listed(resolved["host"]);
  if (resolved["hostaddr"].empty()) return places;
  const std::vector<std::string> addresses = listed(resolved["hostaddr"]);
  places.resize(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i)
    if (!addresses[i].empty()) places[i] = addresses[i];
  return places;
}

/// libpq finds the certificates by itself.
bool names_certificates(const Parameters& parameters, const Environment& environment) {
  if (parameters.contains("sslrootcert")) return true;
  if (const auto given = environment("PGSSLROOTCERT"); given && !given->empty()) return true;
  const auto home = environment("HOME");
  std::error_code ignored;
  return home && std::filesystem::exists(*home + "/.postgresql/root.crt", ignored);
}

/// What libpq reads in the URL alone. Its own complaint holds the whole URL, and a connection would
/// show it.
Parameters read_by_libpq(const std::string& conninfo) {
  const OptionList options{PQconninfoParse(conninfo.c_str(), nullptr)};
  if (!options)
    refuse("is not one that libpq reads, wanted postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  return values_of(options);
}

/// `hosts` of the URL as people may see them.
std::string redacted(const Pieces& pieces, const Parameters& parameters) {
  const auto host = parameters.find("host");
  return fmt::format("postgresql://{}{}{}/{}", pieces.user, pieces.user.empty() ? "" : "@",
                     host != parameters.end() ? std::string_view{host->second} : pieces.hosts,
                     pieces.database);
}

/// What is written behind the URL's own parameters: see parse_database_url.
Parameters missing_parameters(const Parameters& given, const std::vector<std::string>& hosts,
                              const Environment& environment) {
  Parameters added;
  const auto mode = given.find("sslmode");
  bool verifies = mode != given.end() && mode->second.starts_with("verify-");
  const bool says = mode != given.end() || given.contains("ssl");
  if (!says && !std::ranges::all_of(hosts, is_local)) {
    verifies = true;
    added["sslmode"] = "verify-full";
  }
  if (verifies && !names_certificates(given, environment)) {
    const auto file = trusted_certificates(environment);
    if (!file)
      refuse(
          "needs certificates to verify its host by, but the system has none: install "
          "ca-certificates, or add sslrootcert=FILE to the URL");
    added["sslrootcert"] = *file;
  }
  // After a failover another of the hosts is the writer.
  if (hosts.size() > 1 && !given.contains("target_session_attrs"))
    added["target_session_attrs"] = "read-write";
  return added;
}

std::string with_parameters(std::string url, const Pieces& pieces, const Parameters& added) {
  std::string_view separator = !pieces.query ? "?" : pieces.query->empty() ? "" : "&";
  for (const auto& [name, value] : added) {
    url += fmt::format("{}{}={}", separator, name, encode(value));
    separator = "&";
  }
  return url;
}

}  // namespace

DatabaseUrl parse_database_url(std::string_view url, const Environment& environment) {
  if (std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    refuse("has a space or control character in it; a space in the password is written %20");
  const Pieces pieces = take_apart(url);
  for (const auto part : split(pieces.hosts, ',')) check_host(part);
  const Parameters parameters = parameters_of(pieces.query.value_or(""));
  const auto given = fmt::format("postgresql://{}", pieces.after_scheme);
  Parameters said = read_by_libpq(given);
  const Parameters added = missing_parameters(parameters, destinations(given), environment);
  if (const auto mode = added.find("sslmode"); mode != added.end()) said["sslmode"] = mode->second;
  return {.conninfo = with_parameters(given, pieces, added),
          .redacted = redacted(pieces, parameters),
          .host = said["host"],
          .port = said["port"],
          .user = said["user"],
          .sslmode = said["sslmode"]};
}

}  // namespace dynamite
