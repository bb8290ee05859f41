#include "crypto/sha256.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "core/error.hpp"

namespace dynamite {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string_view bytes_of(const Digest& digest, unsigned int length) {
  return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  // OpenSSL refuses null pointers, which views of nothing may be.
  if (key.data() == nullptr) key = "";
  if (bytes.data() == nullptr) bytes = "";
  Digest digest{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
           &length) == nullptr)
    throw Error{Error::Kind::bug, "OpenSSL has made no HMAC-SHA-256"};
  return std::string{bytes_of(digest, length)};
}

std::string sha256_hex(std::string_view bytes) {
  Digest digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error{Error::Kind::bug, "OpenSSL has made no SHA-256"};
  return hex(bytes_of(digest, length));
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4U];
    out += kDigits[value & 0xFU];
  }
  return out;
}

}  // namespace dynamite
