#include "crypto/sha256.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dynamite {
namespace {

std::string repeated(std::size_t count, int byte) {
  return std::string(count, static_cast<char>(byte));
}

// RFC 4231, sections 4.2 to 4.8, https://www.rfc-editor.org/rfc/rfc4231#section-4
TEST(HmacSha256, IsAsInRfc4231) {
  std::string counted;
  for (char byte = 1; byte <= 25; ++byte) counted += byte;
  const auto hmac = [](std::string_view key, std::string_view bytes) {
    return hex(hmac_sha256(key, bytes));
  };

  EXPECT_EQ(hmac(repeated(20, 0x0b), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(repeated(20, 0xaa), repeated(50, 0xdd)),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hmac(counted, repeated(50, 0xcd)),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hmac(repeated(20, 0x0c), "Test With Truncation").substr(0, 32),
            "a3b6167473100ee06e0c796c2955552b");
  EXPECT_EQ(hmac(repeated(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac(repeated(131, 0xaa),
                 "This is a test using a larger than block-size key and a larger than block-size "
                 "data. The key needs to be hashed before being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(HmacSha256, TakesNothingAndNul) {
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_NE(hmac_sha256("key", std::string_view{"a\0b", 3}), hmac_sha256("key", "a"));
  EXPECT_NE(hmac_sha256(std::string_view{"a\0b", 3}, "text"), hmac_sha256("a", "text"));
}

TEST(Sha256, HashesBytesBeyondNul) {
  EXPECT_NE(sha256_hex(std::string_view{"a\0b", 3}), sha256_hex("a"));
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hex, HasTwoDigitsAByte) {
  EXPECT_EQ(hex({}), "");
  EXPECT_EQ(hex(std::string_view{"\x00\x0a\x7f\x80\xff", 5}), "000a7f80ff");
}

}  // namespace
}  // namespace dynamite
