#include "crypto/sealed.hpp"

#include <gtest/gtest.h>

#include <string>

#include "crypto/sha256.hpp"

namespace dynamite {
namespace {

const std::string kKey(32, 'k');

TEST(Sealed, IsReadUnderItsKeyOnly) {
  for (const std::string& text : {std::string{}, std::string{"\0x", 2}, std::string(5'000, 't')}) {
    const std::string sealed = seal(kKey, text);

    EXPECT_EQ(unseal(kKey, sealed), text);
    EXPECT_EQ(unseal(std::string(32, 'o'), sealed), std::nullopt);
  }
}

TEST(Sealed, ShowsNothingOfTheText) {
  const std::string text = "a text of some length that can be found again";
  const std::string sealed = seal(kKey, text);

  EXPECT_EQ(sealed.find(hex(text)), std::string::npos);
  EXPECT_NE(seal(kKey, text), sealed);
}

TEST(Sealed, IsRefusedIfItWasChanged) {
  const std::string sealed = seal(kKey, "text");

  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(unseal(kKey, changed), std::nullopt) << i;
  }
  for (const std::string& other : {std::string{}, sealed.substr(2), sealed + "0", sealed + "00",
                                   std::string{"not hexadecimal"}, std::string(56, '0')})
    EXPECT_EQ(unseal(kKey, other), std::nullopt) << other;
}

}  // namespace
}  // namespace dynamite
