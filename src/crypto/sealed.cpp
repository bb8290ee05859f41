#include "crypto/sealed.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstddef>
#include <memory>

#include "core/error.hpp"
#include "crypto/sha256.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context new_context() {
  Context context{EVP_CIPHER_CTX_new()};
  if (!context) throw Error{Error::Kind::bug, "OpenSSL has made no cipher context"};
  return context;
}

void require(bool done) {
  if (!done) throw Error{Error::Kind::bug, "OpenSSL has not sealed a text"};
}

void require_key(std::string_view key) {
  if (key.size() != kKeyBytes) throw Error{Error::Kind::bug, "a key of another size than 32 bytes"};
}

unsigned char* bytes_of(std::string& text, std::size_t at = 0) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int digit_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_of(digits[i]);
    const int low = digit_of(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace

std::string seal(std::string_view key, std::string_view text) {
  require_key(key);
  if (text.data() == nullptr) text = "";  // to OpenSSL a null pointer is the end of the text
  std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
  if (RAND_bytes(bytes_of(sealed), static_cast<int>(kNonceBytes)) != 1)
    throw Error{Error::Kind::transient, "OpenSSL has no random bytes"};
  const Context context = new_context();
  int size = 0;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                             bytes_of(sealed)) == 1);
  require(EVP_EncryptUpdate(context.get(), bytes_of(sealed, kNonceBytes), &size, bytes_of(text),
                            static_cast<int>(text.size())) == 1);
  require(EVP_EncryptFinal_ex(context.get(), bytes_of(sealed, kNonceBytes + text.size()), &size) ==
          1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                              bytes_of(sealed, kNonceBytes + text.size())) == 1);
  return hex(sealed);
}

std::optional<std::string> unseal(std::string_view key, std::string_view sealed) {
  require_key(key);
  std::optional<std::string> bytes = bytes_of_hex(sealed);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  const std::size_t text_size = bytes->size() - kNonceBytes - kTagBytes;
  std::string text(text_size + 1, '\0');  // one byte more: OpenSSL takes no null pointer
  const Context context = new_context();
  int size = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                             bytes_of(*bytes)) == 1);
  require(EVP_DecryptUpdate(context.get(), bytes_of(text), &size, bytes_of(*bytes, kNonceBytes),
                            static_cast<int>(text_size)) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                              bytes_of(*bytes, kNonceBytes + text_size)) == 1);
  if (EVP_DecryptFinal_ex(context.get(), bytes_of(text, text_size), &size) != 1)
    return std::nullopt;
  text.resize(text_size);
  return text;
}

}  // namespace dynamite
