#include "mapping/projection.hpp"

#include <gmock/gmock.h>

#include <string>

#include "core/key.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using enum KeyType;
using test::error_of;
using test::failure_of;
using testing::HasSubstr;

const KeySchema kKeys{.partition = {.name = "pk", .type = S}, .sort = {}};

constexpr std::string_view kOrder =
    R"({"pk":{"S":"o"},"total":{"N":"7"},"address":{"M":{"zip":{"S":"1"},"city":{"S":"x"}}},)"
    R"("items":{"L":[{"M":{"price":{"N":"1"},"name":{"S":"a"}}},{"S":"gift"},)"
    R"({"M":{"price":{"N":"2"},"tax":{"M":{}}}}]},"password":{"S":"p"},"password_old":{"NULL":true}})";

std::string shown(std::string_view image, std::vector<std::string> only,
                  std::vector<std::string> omit = {}) {
  Projection projection{{.only = std::move(only), .omit = std::move(omit)}, kKeys};
  return std::string{projection.project(image, nullptr)};
}

TEST(Projection, OfNoPatternsShowsAll) {
  EXPECT_TRUE((Projection{{}, kKeys}.shows_all()));
  EXPECT_EQ(shown(kOrder, {}), kOrder);
}

TEST(Only, ShowsWhatIsNamedAndTheKey) {
  EXPECT_EQ(shown(kOrder, {"total"}), R"({"pk":{"S":"o"},"total":{"N":"7"}})");
  EXPECT_EQ(shown(kOrder, {"nothing"}), R"({"pk":{"S":"o"}})");
}

TEST(Only, TakesAllOfAMap) {
  constexpr std::string_view kAddress =
      R"({"pk":{"S":"o"},"address":{"M":{"zip":{"S":"1"},"city":{"S":"x"}}}})";

  EXPECT_EQ(shown(kOrder, {"address"}), kAddress);
  EXPECT_EQ(shown(kOrder, {"address.*"}), kAddress);
}

TEST(Only, TakesAPartOfAMap) {
  EXPECT_EQ(shown(kOrder, {"address.zip"}),
            R"({"pk":{"S":"o"},"address":{"M":{"zip":{"S":"1"}}}})");
}

TEST(Only, DoesNotShowWhatHasNoSuchPart) {
  EXPECT_EQ(shown(kOrder, {"address.street", "total.zip", "items.zip", "address[0]"}),
            R"({"pk":{"S":"o"}})");
  EXPECT_EQ(shown(R"({"a":{"M":{}},"b":{"L":[]}})", {"a.*", "b[*]"}), "{}");
}

TEST(Only, LeavesOutElementsOfWhichNothingIsShown) {
  EXPECT_EQ(
      shown(kOrder, {"items[*].price"}),
      R"({"pk":{"S":"o"},"items":{"L":[{"M":{"price":{"N":"1"}}},{"M":{"price":{"N":"2"}}}]}})");
  EXPECT_EQ(shown(kOrder, {"items[1]"}), R"({"pk":{"S":"o"},"items":{"L":[{"S":"gift"}]}})");
}

TEST(Omit, LeavesTheRestOfTheMap) {
  EXPECT_EQ(shown(R"({"a":{"M":{"b":{"S":"1"},"c":{"S":"2"}}},"d":{"S":"3"}})", {}, {"a.b"}),
            R"({"a":{"M":{"c":{"S":"2"}}},"d":{"S":"3"}})");
  EXPECT_EQ(shown(R"({"a":{"M":{"b":{"S":"1"}}},"d":{"L":[{"S":"3"}]}})", {}, {"a.*", "d[*]"}),
            R"({"a":{"M":{}},"d":{"L":[]}})");
}

TEST(Omit, TakesNamesByPattern) {
  EXPECT_EQ(shown(kOrder, {}, {"password*", "items", "address"}),
            R"({"pk":{"S":"o"},"total":{"N":"7"}})");
}

TEST(Omit, LeavesWhatHasNoSuchPart) {
  EXPECT_EQ(shown(kOrder, {}, {"total.zip", "items.zip", "address[0]", "password.x[0]"}), kOrder);
}

TEST(Omit, HidesAKeyAttribute) {
  EXPECT_EQ(shown(R"({"pk":{"S":"o"},"a":{"S":"1"}})", {}, {"pk"}), R"({"a":{"S":"1"}})");
  EXPECT_EQ(shown(R"({"pk":{"S":"o"}})", {}, {"*"}), "{}");
}

TEST(Omit, WinsOverOnly) {
  EXPECT_EQ(shown(kOrder, {"address", "total"}, {"address.zip", "total", "pk"}),
            R"({"address":{"M":{"city":{"S":"x"}}}})");
  EXPECT_EQ(shown(kOrder, {"address.zip", "address.city"}, {"address.zip"}),
            R"({"pk":{"S":"o"},"address":{"M":{"city":{"S":"x"}}}})");
  EXPECT_EQ(shown(kOrder, {"address.zip"}, {"address.zip"}), R"({"pk":{"S":"o"}})");
}

TEST(Projection, FindsNamesAndTypesInEverySpelling) {
  EXPECT_EQ(shown(R"({ "p\u0061ss" : { "S" : "1" } , "b" : {"S":"2"} })", {}, {"pass"}),
            R"({"b":{"S":"2"}})");
  EXPECT_EQ(shown(R"({"a": { "\u004d" : { "\u0062":{"S":"1"}, "c": {"S":"2"} } } })", {}, {"a.b"}),
            R"({"a":{"M":{"c":{"S":"2"}}}})");
}

TEST(Projection, KnowsWhatItMayShow) {
  const auto may_show = [](std::vector<std::string> only, std::vector<std::string> omit,
                           std::string_view path) {
    return Projection{{.only = std::move(only), .omit = std::move(omit)}, kKeys}.may_show(
        *AttributePath::parse(path));
  };

  EXPECT_TRUE(may_show({}, {}, "a.b"));
  EXPECT_TRUE(may_show({"a"}, {}, "a.b[0]"));
  EXPECT_TRUE(may_show({"a.b"}, {}, "a"));
  EXPECT_TRUE(may_show({"a[*].b"}, {}, "a[7].b.c"));
  EXPECT_TRUE(may_show({"a"}, {}, "pk"));
  EXPECT_FALSE(may_show({"a.b"}, {}, "a.c"));
  EXPECT_FALSE(may_show({"a"}, {}, "b"));
  EXPECT_TRUE(may_show({}, {"a.b"}, "a"));
  EXPECT_TRUE(may_show({}, {"a.b"}, "a.c"));
  EXPECT_FALSE(may_show({}, {"a.b"}, "a.b.c"));
  EXPECT_FALSE(may_show({}, {"a*"}, "abc"));
  EXPECT_FALSE(may_show({"a.b"}, {"a.b"}, "a.b"));
}

TEST(Projection, RefusesWhatIsNoPattern) {
  const Error error = error_of([] { Projection({.omit = {"a..b"}}, kKeys); });

  EXPECT_STREQ(error.what(), "\"a..b\" is no pattern of paths");
  EXPECT_EQ(error.kind(), Error::Kind::usage);
}

TEST(Projection, HoldsTheWholeImageAgainstTheKey) {
  Projection projection{{.omit = {"pk"}}, kKeys};
  std::string canonical;
  append_key_part(canonical, "o");
  const ImageKey key{.schema = kKeys, .canonical = canonical};
  const auto failure = [&](std::string_view image) {
    return failure_of([&] { projection.project(image, &key); });
  };

  EXPECT_EQ(failure(R"({"a":{"S":"1"},"pk":{"S":"o"}})"), "");
  EXPECT_THAT(failure(R"({"pk":{"S":"other"}})"),
              HasSubstr("a part of the key, but another value than in the record's Keys"));
  EXPECT_THAT(failure(R"({"a":{"S":"o"}})"), HasSubstr("the image has no key attribute \"pk\""));
  EXPECT_THAT(failure(R"({"pk":{"N":"1"}})"), HasSubstr("is of type N, wanted type S"));
}

class Malformed : public testing::TestWithParam<const char*> {};

TEST_P(Malformed, IsRefusedInWhatIsNotShownToo) {
  for (const char* omit : {"a", "a.b", "a[*].c", "x"})
    EXPECT_THAT(failure_of([&] { shown(GetParam(), {"pk"}, {omit}); }), HasSubstr("poison: "));
}

INSTANTIATE_TEST_SUITE_P(Images, Malformed,
                         testing::Values("", "[]", R"({"a")", R"({"a":)", R"({"a":{"S":"1"})",
                                         R"({"a":{"S":"1"}}x)", R"({"a":{"S":"\x"}})",
                                         R"({"a":{"M":{"b":{"S":01}}}})", R"({"a":{"L":[}}})",
                                         R"({"a":{"S":"1"},"a":{"S":"1"}})"));

TEST(Projection, RefusesTwoTypesOfAMapThatItGoesInto) {
  EXPECT_EQ(failure_of([] { shown(R"({"a":{"M":{},"L":[]}})", {}, {"a.b"}); }),
            "poison: attribute \"a\": more than one type, wanted one");
}

TEST(Projection, RefusesATypeThatIsABackslash) {
  EXPECT_THAT(failure_of([] { shown("{\"a\":{\"\\\":\n\"*\":{}}}", {}, {"a.b"}); }),
              HasSubstr("poison: attribute \"a\": not JSON: a control character in a string"));
}

TEST(Projection, CanBeUsedAgainAfterARefusal) {
  Projection projection{{.omit = {"a.b.c"}}, kKeys};
  EXPECT_NE(failure_of([&] { projection.project(R"({"a":{"M":{"b":{"M":{"c")", nullptr); }), "");

  EXPECT_EQ(projection.project(R"({"a":{"M":{"b":{"M":{"c":{"S":"1"}}}}}})", nullptr),
            R"({"a":{"M":{"b":{"M":{}}}}})");
}

}  // namespace
}  // namespace dynamite
