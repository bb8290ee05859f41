#include "credentials/key_set.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>

#include "core/error.hpp"

namespace dynamite {
namespace {

// Far above any token or document; a device or a log file is not read to its end.
constexpr std::size_t kSecretBytesMax = 64U << 10U;
// 2200-01-01. The year 9999, which stands for never, is beyond what the clock holds.
constexpr std::time_t kLatestExpiry = 7'258'118'400;

// Z, or +hh:mm; absent if it is neither.
std::optional<std::chrono::minutes> zone_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") return std::chrono::minutes{0};
  const auto digit = [&](std::size_t at) { return zone[at] - '0'; };
  if (zone.size() != 6 || zone[3] != ':' || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  for (const std::size_t at : {1U, 2U, 4U, 5U})
    if (digit(at) < 0 || digit(at) > 9) return std::nullopt;
  const std::chrono::minutes offset{(digit(1) * 10 + digit(2)) * 60 + digit(4) * 10 + digit(5)};
  return zone[0] == '+' ? offset : -offset;
}

/// Absent, null and "" are the same.
std::string text_member(const simdjson::dom::element& document, std::string_view name) {
  std::string_view text;
  return document[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

}  // namespace

std::string read_secret_file(const std::string& path, std::string_view what) {
  std::ifstream file{path, std::ios::binary};
  std::string text(kSecretBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (file.bad() || !file.is_open())
    throw Error{Error::Kind::usage, fmt::format("{} \"{}\" cannot be read", what, path)};
  if (text.empty()) throw Error{Error::Kind::usage, fmt::format("{} \"{}\" is empty", what, path)};
  if (text.size() > kSecretBytesMax)
    throw Error{Error::Kind::usage,
                fmt::format("{} \"{}\" is larger than {} bytes", what, path, kSecretBytesMax)};
  return text;
}

Time parse_expiry(const std::string& text, std::string_view source) {
  tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest != nullptr && *rest == '.') rest += 1 + std::strspn(rest + 1, "0123456789");
  const auto offset = rest == nullptr ? std::nullopt : zone_offset(rest);
  if (!offset)
    throw Error{
        Error::Kind::usage,
        fmt::format("{} gave an Expiration that is no time such as 2030-01-31T12:00:00Z", source)};
  const auto seconds = std::clamp<std::time_t>(timegm(&parts), 0, kLatestExpiry);
  return std::chrono::system_clock::from_time_t(seconds) - *offset;
}

KeySet parse_key_document(const std::string& json, std::string_view token_name,
                          std::string_view source) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(json).get(document) != simdjson::SUCCESS || !document.is_object())
    throw Error{Error::Kind::usage,
                fmt::format("{} gave something else than a JSON object", source)};
  KeySet set{.keys = {text_member(document, "AccessKeyId"),
                      text_member(document, "SecretAccessKey"), text_member(document, token_name)}};
  if (set.keys.access_key_id.empty() || set.keys.secret_access_key.empty())
    throw Error{Error::Kind::usage,
                fmt::format("{} gave no {}", source,
                            set.keys.access_key_id.empty() ? "AccessKeyId" : "SecretAccessKey")};
  if (const std::string expiry = text_member(document, "Expiration"); !expiry.empty())
    set.expiry = parse_expiry(expiry, source);
  return set;
}

}  // namespace dynamite
