#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace dynamite::test {

/// Items and WHERE clauses about them, the same for the same seed. All is drawn from few names and
/// values, so that clauses take some items and leave others.
class RandomClauses {
 public:
  explicit RandomClauses(std::uint64_t seed) : engine_{seed} {}

  /// An item whose key is `pk` (S) and `sk` (N), the same for the same number.
  std::string item(std::uint64_t number);

  /// A clause about all attributes. DynamoDB refuses some, which parse refuses too.
  std::string clause() { return condition(3, &RandomClauses::test); }

  /// A clause about the key.
  std::string key_clause() { return condition(2, &RandomClauses::key_test); }

 private:
  /// A value in DynamoDB's JSON and as PartiQL's literal, which is empty if there is none.
  struct Sample {
    std::string json;
    std::string literal;
  };
  using Test = std::string (RandomClauses::*)();

  std::string condition(int depth, Test test);
  std::string test();
  std::string comparison();
  std::string between(const std::string& operand);
  std::string in(const std::string& operand);
  std::string function();
  std::string operand();
  std::string path();
  std::string literal();
  std::string key_test();
  std::string partition_test();
  std::string sort_test();

  Sample value(int depth);
  Sample scalar();
  Sample list(int depth);
  Sample map(int depth);
  Sample set();

  template <class List>
  auto pick(const List& list) {
    return list[below(list.size())];
  }
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool one_in(std::size_t count) { return below(count) == 0; }

  std::mt19937_64 engine_;
};

}  // namespace dynamite::test
