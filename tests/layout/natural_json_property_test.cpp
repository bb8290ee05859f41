#include <gmock/gmock.h>
#include <simdjson.h>

#include "core/error.hpp"
#include "json/random_item.hpp"
#include "json/scanner.hpp"
#include "layout/natural_json.hpp"
#include "support/errors.hpp"
#include "support/mutation.hpp"
#include "support/natural_json.hpp"

namespace dynamite {
namespace {

using test::canonical_dynamodb_json;
using test::dynamodb_json_of;

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::B},
                      .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};

void expect_json(const std::string& text) {
  JsonScanner scanner{text};
  scanner.skip_value();
  scanner.expect_end();
}

TEST(TranscoderProperty, ItemAndTypesGiveTheItemBack) {
  std::string item, types;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string image = RandomItems{seed}.item(kKeys, seed);
    item.clear();
    types.clear();

    append_natural_json(item, types, image);

    ASSERT_NO_THROW(expect_json(item));
    ASSERT_NO_THROW(types.empty() ? void() : expect_json(types));
    ASSERT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(image));
  }
}

TEST(TranscoderProperty, EqualItemsOfOneSpellingAreEqualText) {
  // Sets are the one thing whose order DynamoDB does not keep.
  const auto shuffled = [](std::string image) {
    const std::string forward = R"({"SS":["c","a","b"]})";
    const std::string backward = R"({"SS":["b","c","a"]})";
    return image.replace(image.find(forward), forward.size(), backward);
  };
  const std::string image = R"({"x":{"M":{"y":{"SS":["c","a","b"]}}}})";
  std::string first, second, types;

  append_natural_json(first, types, image);
  append_natural_json(second, types, shuffled(image));

  EXPECT_EQ(first, second);
}

std::string mutated(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kBytes = "{}[]\",:\\u0dD8SNBML19eE-+./~= tfn\x01";
  return test::mutated(std::move(text), {.bytes = kBytes, .count = 1 + random() % 3}, random);
}

TEST(TranscoderProperty, MutatedImagesAreRefusedOrGiveTheirItemBack) {
  int taken = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    const std::string image =
        mutated(RandomItems{seed, {.attributes_max = 4, .depth_max = 2}}.item(kKeys, seed), random);
    if (!simdjson::validate_utf8(image)) continue;
    std::string item = "<";
    std::string types = ">";
    try {
      append_natural_json(item, types, image);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), Error::Kind::poison) << error.what();
      ASSERT_EQ(item, "<");
      ASSERT_EQ(types, ">");
      ++refused;
      continue;
    }
    ++taken;
    ASSERT_EQ(dynamodb_json_of(item.substr(1), types.substr(1)), canonical_dynamodb_json(image))
        << image;
  }
  EXPECT_GT(taken, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace dynamite
