#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>

#include "support/replica.hpp"

namespace dynamite::test {
namespace {

struct KeyCase {
  std::string name;
  KeySchema schema;
  std::string first, second;  // two keys, as attributes of an image
};

KeyCase key_case(KeyType partition, const std::string& first, const std::string& second) {
  return {std::string(1, static_cast<char>(partition)), keys(partition), first, second};
}

KeyCase key_case(std::array<KeyType, 2> types, const std::string& first,
                 const std::string& second) {
  return {fmt::format("{}and{}", static_cast<char>(types[0]), static_cast<char>(types[1])),
          keys(types[0], types[1]), first, second};
}

using enum KeyType;

const std::vector<KeyCase> kKeyCases{
    key_case(S, R"("pk":{"S":"a\"b\\c"})", R"("pk":{"S":"a\"b\\C"})"),
    key_case(N, R"("pk":{"N":"1"})",
             R"("pk":{"N":"-9.9999999999999999999999999999999999999E+125"})"),
    key_case(B, R"("pk":{"B":"AP+A"})", R"("pk":{"B":"AP8="})"),
    key_case({S, S}, R"("pk":{"S":"a|b"},"sk":{"S":"c"})", R"("pk":{"S":"a"},"sk":{"S":"b|c"})"),
    key_case({S, N}, R"("pk":{"S":"a"},"sk":{"N":"1"})", R"("pk":{"S":"a"},"sk":{"N":"1E-130"})"),
    key_case({N, B}, R"("pk":{"N":"7"},"sk":{"B":"AA=="})", R"("pk":{"N":"7"},"sk":{"B":"AAA="})"),
    key_case({B, S}, R"("pk":{"B":"/w=="},"sk":{"S":" "})", R"("pk":{"B":"/w=="},"sk":{"S":"  "})"),
    key_case({B, N}, R"("pk":{"B":"/w=="},"sk":{"N":"0"})",
             R"("pk":{"B":"/w=="},"sk":{"N":"-1"})")};

class KeyTypesTest : public ReplicaTest, public ::testing::WithParamInterface<KeyCase> {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (!HasFatalFailure()) orders = make_replica(GetParam().schema, "typed");
  }

  std::string image(const std::string& key, int value) const {
    return fmt::format(R"({{{},"v":{{"N":"{}"}}}})", key, value);
  }
  std::string values() { return query("SELECT item->>'v' FROM typed ORDER BY 1"); }
};

TEST_P(KeyTypesTest, DifferentKeysAreDifferentRows) {
  apply({put_item(image(GetParam().first, 1), 1), put_item(image(GetParam().second, 2), 2)});

  EXPECT_EQ(values(), "1\n2");
}

TEST_P(KeyTypesTest, ANewerPutMeetsItsRow) {
  apply({put_item(image(GetParam().first, 1), 1), put_item(image(GetParam().second, 2), 2)});

  apply({put_item(image(GetParam().first, 3), 3)});

  EXPECT_EQ(values(), "2\n3");
}

TEST_P(KeyTypesTest, ARemoveMeetsItsRowAndItsTombstoneTheOlderPut) {
  apply({put_item(image(GetParam().first, 1), 1), put_item(image(GetParam().second, 2), 2)});
  apply({remove_item(image(GetParam().first, 0), 3)});

  apply({put_item(image(GetParam().first, 1), 1), put_item(image(GetParam().second, 4), 4)});

  EXPECT_EQ(values(), "4");
}

TEST_P(KeyTypesTest, APassMeetsAndSweeps) {
  apply({put_item(image(GetParam().first, 1), 1), put_item(image(GetParam().second, 2), 2)});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned_item(image(GetParam().second, 5))});

  end_pass(pass);

  EXPECT_EQ(values(), "5");
}

INSTANTIATE_TEST_SUITE_P(All, KeyTypesTest, ::testing::ValuesIn(kKeyCases),
                         [](const auto& info) { return info.param.name; });

class NumberKeyTest : public ReplicaTest {};

TEST_F(NumberKeyTest, SpellingsOfOneNumberAreOneRow) {
  orders = make_replica(keys(N), "numbers");
  std::uint64_t version = 0;

  for (const std::string number : {"100", "1E+2", "1.0e2", "100.00", "+100"})
    apply({put_item(fmt::format(R"({{"pk":{{"N":"{}"}},"v":{{"S":"{}"}}}})", number, number),
                    ++version)});

  EXPECT_EQ(query("SELECT pk = 100, item->>'v', _version FROM numbers"), "t|+100|5");
}

TEST_F(NumberKeyTest, ThirtyEightDigitsStayExact) {
  orders = make_replica(keys(N), "numbers");
  const std::string digits = "12345678901234567890123456789012345678";

  apply({put_item(fmt::format(R"({{"pk":{{"N":"{}"}}}})", digits), 1)});

  EXPECT_EQ(query("SELECT pk FROM numbers"), digits);
}

TEST_F(NumberKeyTest, MinusZeroIsZero) {
  orders = make_replica(keys(N), "numbers");

  apply({put_item(R"({"pk":{"N":"-0"}})", 1), put_item(R"({"pk":{"N":"0.0"}})", 2)});

  EXPECT_EQ(query("SELECT pk, _version FROM numbers"), "0|2");
}

}  // namespace
}  // namespace dynamite::test
