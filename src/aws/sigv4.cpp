#include "aws/sigv4.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "core/lower_case.hpp"
#include "crypto/sha256.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool is_unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Percent-encodes; `keep` stays as it is.
std::string encode(std::string_view text, std::string_view keep = {}) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != keep.npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                        hex_value(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string canonical_path(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(std::move(part));
  }
  std::string out;
  for (const std::string& part : kept) out += "/" + encode(part);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& part : split(query, '&')) {
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
    pairs.emplace_back(encode(decode(name)), encode(decode(value)));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    const auto [entry, first] = sorted.emplace(lower_case(name), collapsed(value));
    if (!first) entry->second += "," + collapsed(value);
  }
  return sorted;
}

std::string signed_headers(const Headers& headers) {
  std::string names;
  for (const auto& [name, value] : canonical_headers(headers))
    names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string scope_text(const SigningScope& scope, const std::string& amz_date) {
  return fmt::format("{}/{}/{}/aws4_request", amz_date.substr(0, 8), scope.region, scope.service);
}

}  // namespace

std::string canonical_request(const SignableRequest& request) {
  std::string out = request.method + "\n" + canonical_path(request.path) + "\n" +
                    canonical_query(request.query) + "\n";
  for (const auto& [name, value] : canonical_headers(request.headers))
    out += name + ":" + value + "\n";
  return out + "\n" + signed_headers(request.headers) + "\n" + sha256_hex(request.body);
}

std::string string_to_sign(const std::string& canonical_request, const SigningScope& scope,
                           const std::string& amz_date) {
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date, scope_text(scope, amz_date),
                     sha256_hex(canonical_request));
}

std::string signing_key(const std::string& secret, const SigningScope& scope,
                        const std::string& date) {
  std::string key = "AWS4" + secret;
  for (const std::string& part : {date, scope.region, scope.service, std::string{"aws4_request"}})
    key = hmac_sha256(key, part);
  return key;
}

std::string signature(const SignableRequest& request, const SigningScope& scope,
                      const Credentials& credentials, const std::string& amz_date) {
  const std::string to_sign = string_to_sign(canonical_request(request), scope, amz_date);
  const std::string key = signing_key(credentials.secret_access_key, scope, amz_date.substr(0, 8));
  return hex(hmac_sha256(key, to_sign));
}

std::string authorization(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials, const std::string& amz_date) {
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     credentials.access_key_id, scope_text(scope, amz_date),
                     signed_headers(request.headers),
                     signature(request, scope, credentials, amz_date));
}

std::string percent_encode(std::string_view text) { return encode(text); }

std::string to_amz_date(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace dynamite
