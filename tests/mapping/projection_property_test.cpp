#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/number.hpp"
#include "json/random_item.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"
#include "layout/path_text.hpp"
#include "mapping/projection.hpp"
#include "support/natural_json.hpp"

namespace dynamite {
namespace {

using simdjson::dom::element;
using test::canonical_dynamodb_json;

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::B},
                      .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");

/// What a projection shows, decided for every value by its whole path: slow and plain.
class Reference {
 public:
  Reference(const MappingRules& rules) : only_all_{rules.only.empty()} {
    for (const std::string& text : rules.only) only_.push_back(*PathPattern::parse(text));
    for (const std::string& text : rules.omit) omit_.push_back(*PathPattern::parse(text));
    for (const std::string& text : rules.hash) hash_.push_back(*PathPattern::parse(text));
    only_.push_back(PathPattern::of("pk"));
    only_.push_back(PathPattern::of("sk"));
  }

  std::string shown(element item) const { return members(item, {}).value_or("{}"); }

 private:
  static bool takes(const std::vector<PathPattern>& patterns, const AttributePath& path) {
    for (const PathPattern& pattern : patterns) {
      bool matches = pattern.size() <= path.steps.size();
      for (std::size_t step = 0; matches && step < pattern.size(); ++step)
        matches = pattern.matches(step, path.steps[step]);
      if (matches) return true;
    }
    return false;
  }

  /// Absent if nothing is shown of it.
  std::optional<std::string> members(element object, const AttributePath& at) const {
    JsonObject shown;
    bool has_any = false;
    for (const auto [name, inner] : simdjson::dom::object{object}) {
      AttributePath path = at;
      path.steps.push_back({.name = std::string{name}});
      const auto json = value(inner, path);
      if (json) shown.json(name, *json);
      has_any |= json.has_value();
    }
    return has_any ? std::optional{shown.finish()} : std::nullopt;
  }

  std::optional<std::string> elements(element array, const AttributePath& at) const {
    JsonArray shown;
    bool has_any = false;
    std::size_t place = 0;
    for (const element inner : simdjson::dom::array{array}) {
      AttributePath path = at;
      path.steps.push_back({.index = place++});
      const auto json = value(inner, path);
      if (json) shown.json(*json);
      has_any |= json.has_value();
    }
    return has_any ? std::optional{shown.finish()} : std::nullopt;
  }

  std::optional<std::string> value(element typed, const AttributePath& path) const {
    if (takes(omit_, path)) return {};
    const bool is_taken = only_all_ || takes(only_, path);
    element inner;
    const bool is_map = typed["M"].get(inner) == simdjson::SUCCESS;
    if (!is_map && typed["L"].get(inner) != simdjson::SUCCESS) {
      if (!is_taken) return {};
      return takes(hash_, path) ? hashed(typed) : std::string{simdjson::minify(typed)};
    }
    auto shown = is_map ? members(inner, path) : elements(inner, path);
    if (!shown && is_taken) shown = is_map ? "{}" : "[]";
    if (!shown) return {};
    return JsonObject{}.json(is_map ? "M" : "L", *shown).finish();
  }

  static std::string digest(std::string_view type, element value) {
    std::string bytes;
    if (type == "BOOL")
      bytes = bool{value} ? "true" : "false";
    else if (type.starts_with('N'))
      append_canonical_number(bytes, std::string_view{value});
    else if (type.starts_with('B'))
      append_base64_decoded(bytes, std::string_view{value});
    else
      bytes = std::string_view{value};
    return kHashKey->digest(bytes);
  }

  static std::string hashed(element typed) {
    const auto [type, inner] = *simdjson::dom::object{typed}.begin();
    if (type == "NULL") return R"({"NULL":true})";
    if (!inner.is_array()) return JsonObject{}.text("S", digest(type, inner)).finish();
    std::set<std::string> digests;
    for (const element member : simdjson::dom::array{inner}) digests.insert(digest(type, member));
    JsonArray set;
    for (const std::string& each : digests) set.text(each);
    return JsonObject{}.json("SS", set.finish()).finish();
  }

  bool only_all_;
  std::vector<PathPattern> only_, omit_, hash_;
};

/// Patterns of paths that are in an item, or nearly.
class RandomPatterns {
 public:
  RandomPatterns(element item, std::mt19937_64& random) : item_{item}, random_{random} {}

  std::vector<std::string> patterns() {
    std::vector<std::string> patterns;
    for (auto count = random_() % 4; count > 0; --count) patterns.push_back(pattern());
    return patterns;
  }

 private:
  std::string pattern() {
    std::string text;
    element at = item_;
    bool is_map = true;
    do {
      text += is_map ? member(at, text.empty()) : element_of(at);
      element inner;
      is_map = at["M"].get(inner) == simdjson::SUCCESS;
      if (!is_map && at["L"].get(inner) != simdjson::SUCCESS) break;
      at = inner;
    } while (random_() % 4 != 0);
    return text;
  }

  std::string member(element& at, bool is_first) {
    const simdjson::dom::object object{at};
    std::string name{"none"};
    auto chosen = object.size() == 0 ? 0 : random_() % object.size();
    for (const auto field : object)
      if (chosen-- == 0) {
        name = field.key;
        at = field.value;
      }
    std::string text = written_name(name);
    const auto letter = name.find_first_not_of(".[]\"*?");
    if (random_() % 5 == 0)
      text = "*";
    else if (letter == 0 && random_() % 5 == 0)
      text = name.substr(0, name.find_first_of(".[]\"*?")) + "*";
    return is_first ? text : "." + text;
  }

  std::string element_of(element& at) {
    const simdjson::dom::array array{at};
    const auto chosen = array.size() == 0 ? 0 : random_() % array.size();
    if (array.size() > 0) at = array.at(chosen);
    return random_() % 3 == 0 ? "[*]" : "[" + std::to_string(chosen) + "]";
  }

  element item_;
  std::mt19937_64& random_;
};

TEST(ProjectionProperty, ShowsWhatThePatternsSayOfEachPath) {
  simdjson::dom::parser parser;
  int shortened = 0;
  int hashed = 0;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string image =
        RandomItems{seed, {.depth_max = 5, .nul_characters = false}}.item(kKeys, seed);
    const element item = parser.parse(image);
    std::mt19937_64 random{seed};
    RandomPatterns patterns{item, random};
    const MappingRules rules{
        .only = patterns.patterns(), .omit = patterns.patterns(), .hash = patterns.patterns()};

    const std::string shown{Projection{rules, kKeys, kHashKey}.project(image, nullptr)};

    ASSERT_EQ(canonical_dynamodb_json(shown), canonical_dynamodb_json(Reference{rules}.shown(item)))
        << image << testing::PrintToString(rules.only) << testing::PrintToString(rules.omit)
        << testing::PrintToString(rules.hash);
    Projection without_hash{{.only = rules.only, .omit = rules.omit}, kKeys};
    const std::string_view plain = without_hash.project(image, nullptr);
    if (plain.size() < image.size()) ++shortened;
    if (plain != shown) ++hashed;
  }
  EXPECT_GT(shortened, 3'000);
  EXPECT_GT(hashed, 1'500);
}

}  // namespace
}  // namespace dynamite
