#include <fmt/format.h>
#include <gmock/gmock.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "json/item_key.hpp"
#include "json/text.hpp"
#include "support/local_dynamodb.hpp"
#include "support/random_clause.hpp"
#include "where/clause.hpp"

namespace dynamite::test {
namespace {

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::S},
                      .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};

using Keys = std::set<std::string>;

std::string key_of(std::string_view image) {
  std::string key;
  append_canonical_key(key, image, kKeys);
  return key;
}

/// A table of items, and which of them a clause takes: by DynamoDB Local, and by us.
class ClauseProperty : public testing::Test {
 protected:
  static constexpr std::uint64_t kItems = 200;

  static std::uint64_t seed() {
    const char* given = std::getenv("DYNAMITE_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }

  void fill(RandomClauses& random) {
    table_ = local_.create_table("where", kKeys, "");
    std::string requests;
    for (std::uint64_t i = 0; i < kItems; ++i) {
      images_.push_back(random.item(i));
      requests += fmt::format(R"({}{{"PutRequest":{{"Item":{}}}}})", requests.empty() ? "" : ",",
                              images_.back());
      constexpr std::uint64_t kBatch = 25;
      if (images_.size() % kBatch != 0) continue;
      local_.client().call(
          Service::dynamodb, "BatchWriteItem",
          fmt::format(R"({{"RequestItems":{{{}:[{}]}}}})", json_string(table_), requests));
      requests.clear();
    }
  }

  /// Absent if DynamoDB refuses the clause.
  std::optional<Keys> taken_by_dynamodb(const std::string& clause) {
    const std::string statement = fmt::format("SELECT * FROM \"{}\" WHERE {}", table_, clause);
    Keys keys;
    std::string token;
    do {
      std::string body = fmt::format(R"({{"Statement":{})", json_string(statement));
      if (!token.empty()) body += fmt::format(R"(,"NextToken":{})", json_string(token));
      try {
        token =
            add_page(local_.client().call(Service::dynamodb, "ExecuteStatement", body + '}'), keys);
      } catch (const AwsError& error) {
        if (error.name() != "ValidationException") throw;
        refusal_ = error.what();
        return {};
      }
    } while (!token.empty());
    return keys;
  }

  /// Absent if the clause does not parse.
  std::optional<Keys> taken_by_us(const std::string& text) {
    try {
      const Clause clause = Clause::parse(text);
      Keys keys;
      for (const std::string& image : images_)
        if (clause.matches(image)) keys.insert(key_of(image));
      return keys;
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::usage) throw;
      refusal_ = error.what();
      return {};
    }
  }

  std::optional<Keys> taken_by_us_by_key(const std::string& text) {
    const Clause clause = Clause::parse(text);
    EXPECT_TRUE(clause.decided_by_keys(kKeys));
    Keys keys;
    for (const std::string& image : images_)
      if (clause.matches_key(key_of(image), kKeys)) keys.insert(key_of(image));
    return keys;
  }

  /// The images that just one of both takes.
  std::string difference(const std::optional<Keys>& dynamodb, const std::optional<Keys>& us) {
    if (!dynamodb || !us)
      return fmt::format("refused by {}: {}", dynamodb ? "us" : "DynamoDB", refusal_);
    std::string text;
    for (const std::string& image : images_)
      if (dynamodb->contains(key_of(image)) != us->contains(key_of(image)))
        text += fmt::format("only {}: {}\n", dynamodb->contains(key_of(image)) ? "DynamoDB" : "us",
                            image);
    return text;
  }

  std::vector<std::string> images_;

 private:
  /// Returns the token of the next page; empty behind the last.
  static std::string add_page(const std::string& answer, Keys& keys) {
    simdjson::dom::parser parser;
    const simdjson::dom::element page = parser.parse(answer);
    for (const simdjson::dom::element item : page["Items"].get_array())
      keys.insert(key_of(simdjson::minify(item)));
    std::string_view token;
    return page["NextToken"].get(token) == simdjson::SUCCESS ? std::string{token} : "";
  }

  LocalDynamoDb local_;
  std::string table_;
  std::string refusal_;
};

TEST_F(ClauseProperty, TakesWhatDynamoDbTakes) {
  const std::uint64_t start = seed();
  RecordProperty("seed", std::to_string(start));
  SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", start));
  RandomClauses random{start};
  fill(random);
  constexpr int kClauses = 300;
  int decisive = 0;
  int refused = 0;

  for (int i = 0; i < kClauses; ++i) {
    const std::string clause = random.clause();
    const auto dynamodb = taken_by_dynamodb(clause);
    const auto us = taken_by_us(clause);
    ASSERT_EQ(dynamodb == us, true) << clause << '\n' << difference(dynamodb, us);
    refused += us ? 0 : 1;
    decisive += us && !us->empty() && us->size() < kItems ? 1 : 0;
  }

  RecordProperty("clauses that take some items and leave others", decisive);
  RecordProperty("clauses that both refuse", refused);
  EXPECT_GT(decisive, kClauses / 5);
  EXPECT_LT(refused, kClauses / 2);
}

TEST_F(ClauseProperty, TakesTheKeysThatDynamoDbTakes) {
  const std::uint64_t start = seed();
  RecordProperty("seed", std::to_string(start));
  SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", start));
  RandomClauses random{start};
  fill(random);
  constexpr int kClauses = 150;
  int decisive = 0;

  for (int i = 0; i < kClauses; ++i) {
    const std::string clause = random.key_clause();
    const auto dynamodb = taken_by_dynamodb(clause);
    const auto us = taken_by_us(clause);
    ASSERT_EQ(dynamodb == us, true) << clause << '\n' << difference(dynamodb, us);
    ASSERT_EQ(us == taken_by_us_by_key(clause), true) << clause;
    decisive += !us->empty() && us->size() < kItems ? 1 : 0;
  }

  EXPECT_GT(decisive, kClauses / 5);
}

}  // namespace
}  // namespace dynamite::test
