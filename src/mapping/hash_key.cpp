#include "mapping/hash_key.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
#include "crypto/sealed.hpp"
#include "crypto/sha256.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kFingerprinted = "\xFF dynamite hash key";
constexpr std::string_view kSealing = "\xFF dynamite sealing key";
constexpr std::size_t kFingerprintDigits = 16;

}  // namespace

HashKey::HashKey(std::string secret) : secret_{std::move(secret)} {
  if (secret_.size() < kBytesMin)
    throw Error{
        Error::Kind::usage,
        fmt::format("the key of hash has {} bytes, wanted at least {}", secret_.size(), kBytesMin),
        "make one with `openssl rand -hex 32`"};
  sealing_key_ = hmac_sha256(secret_, kSealing);
  fingerprint_ = digest(kFingerprinted).substr(0, kFingerprintDigits);
}

std::string HashKey::digest(std::string_view bytes) const {
  return hex(hmac_sha256(secret_, bytes));
}

std::string HashKey::sealed(std::string_view text) const { return seal(sealing_key_, text); }

std::optional<std::string> HashKey::unsealed(std::string_view text) const {
  return unseal(sealing_key_, text);
}

}  // namespace dynamite
