#include "mapping/hash_key.hpp"

#include <gmock/gmock.h>

#include <string>

#include "crypto/sha256.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::error_of;
using testing::HasSubstr;
using testing::Not;

// RFC 4231, section 4.4: https://www.rfc-editor.org/rfc/rfc4231#section-4.4
TEST(HashKey, DigestsByHmacSha256) {
  EXPECT_EQ(HashKey{std::string(20, '\xaa')}.digest(std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

TEST(HashKey, IsKnownByItsFingerprint) {
  const HashKey key{"0123456789abcdef"};

  EXPECT_EQ(key.fingerprint(),
            hex(hmac_sha256("0123456789abcdef", "\xFF dynamite hash key")).substr(0, 16));
  EXPECT_EQ(HashKey{"0123456789abcdef"}.fingerprint(), key.fingerprint());
  EXPECT_NE(HashKey{"0123456789abcdeF"}.fingerprint(), key.fingerprint());
}

TEST(HashKey, OfFewBytesIsRefusedAndNotSaid) {
  const Error error = error_of([] { HashKey{"0123456789abcde"}; });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_STREQ(error.what(), "the key of hash has 15 bytes, wanted at least 16");
  EXPECT_THAT(error.hint(), Not(HasSubstr("0123")));
}

}  // namespace
}  // namespace dynamite
