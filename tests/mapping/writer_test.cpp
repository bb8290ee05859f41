#include "mapping/writer.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "mapping/names.hpp"
#include "pg/array_rows.hpp"
#include "pg/statement.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::HasSubstr;

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::S}, .sort = {}};

/// The values of the row that `mapping` makes of `image`, as they travel.
std::string row(const Mapping& mapping, std::string_view image, const ImageKey* key = nullptr) {
  const Layout layout = mapping.layout(kKeys);
  const auto writer =
      writer_of(mapping.rules, layout, mapping.required_hash_key("\"public\".\"shop\""));
  pg::ArrayRows rows{layout.value_elements()};
  writer->read(image, key);
  rows.begin_row();
  for (std::size_t column = 0; column < layout.values().size(); ++column) writer->write_next(rows);
  pg::Params params;
  rows.add_to(params);
  std::string bytes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(params.count()); ++i)
    bytes.append(params.values()[i], static_cast<std::size_t>(params.lengths()[i]));
  return bytes;
}

class Writer : public testing::TestWithParam<LayoutKind> {
 protected:
  static Mapping mapping(MappingRules rules = {}) {
    rules.layout = GetParam();
    Mapping mapping{.rules = std::move(rules)};
    if (rules.layout == LayoutKind::columns)
      mapping.columns = {{.name = "total", .from = AttributePath::of("total")}};
    return mapping;
  }
};

INSTANTIATE_TEST_SUITE_P(Layouts, Writer,
                         testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) { return std::string{name_of(info.param)}; });

TEST_P(Writer, WritesWhatIsShown) {
  constexpr std::string_view kImage =
      R"({"pk":{"S":"o"},"total":{"S":"7"},"a":{"M":{"b":{"S":"1"},"c":{"B":"YQ=="}}}})";

  EXPECT_EQ(row(mapping({.omit = {"a.b", "total"}}), kImage),
            row(mapping(), R"({"pk":{"S":"o"},"a":{"M":{"c":{"B":"YQ=="}}}})"));
  EXPECT_EQ(row(mapping({.only = {"total"}}), kImage),
            row(mapping(), R"({"pk":{"S":"o"},"total":{"S":"7"}})"));
}

TEST_P(Writer, HoldsTheWholeImageAgainstTheKey) {
  std::string canonical;
  append_key_part(canonical, "o");
  const ImageKey key{.schema = kKeys, .canonical = canonical};
  const auto failure = [&](std::string_view image, MappingRules rules) {
    return failure_of([&] { row(mapping(std::move(rules)), image, &key); });
  };

  for (const auto& omit : {std::vector<std::string>{}, {"a"}, {"pk"}}) {
    EXPECT_EQ(failure(R"({"pk":{"S":"o"}})", {.omit = omit}), "");
    EXPECT_THAT(failure(R"({"pk":{"S":"x"}})", {.omit = omit}),
                HasSubstr("a part of the key, but another value than in the record's Keys"));
    EXPECT_EQ(failure(R"({"a":{"S":"x"}})", {.omit = omit}),
              "poison: the image has no key attribute \"pk\"");
  }
}

TEST_P(Writer, WritesHashes) {
  const auto key = std::make_shared<const HashKey>("a secret of enough bytes");
  Mapping hashing =
      mapping({.omit = {"a.b"}, .hash = {"pk", "a"}, .hash_fingerprint = key->fingerprint()});
  hashing.hash_key = key;
  std::string canonical;
  append_key_part(canonical, "o");
  const ImageKey image_key{.schema = kKeys, .canonical = canonical};

  EXPECT_EQ(
      row(hashing, R"({"pk":{"S":"o"},"a":{"M":{"b":{"S":"1"},"c":{"BOOL":true}}}})", &image_key),
      row(mapping(), R"({"pk":{"S":")" + key->digest("o") + R"("},"a":{"M":{"c":{"S":")" +
                         key->digest("true") + R"("}}}})"));
}

TEST_P(Writer, RefusesToHashWithoutTheKey) {
  const HashKey key{"a secret of enough bytes"};
  Mapping hashing = mapping({.hash = {"a"}, .hash_fingerprint = key.fingerprint()});
  const auto failure = [&] { return failure_of([&] { row(hashing, "{}"); }); };

  EXPECT_EQ(failure(),
            R"(usage: "public"."shop" has hashes, but no key of hash is given, wanted the key of )"
            R"(fingerprint ")" +
                key.fingerprint() + "\"");
  const auto other = std::make_shared<const HashKey>("another secret of bytes");
  hashing.hash_key = other;
  EXPECT_EQ(failure(),
            R"(usage: "public"."shop" has hashes, but the key of hash that is given has the )"
            R"(fingerprint ")" +
                other->fingerprint() + R"(", wanted ")" + key.fingerprint() + "\"");
}

}  // namespace
}  // namespace dynamite
