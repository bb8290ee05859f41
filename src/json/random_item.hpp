#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "core/key_schema.hpp"

namespace dynamite {

struct RandomItemOptions {
  int attributes_max = 8;  ///< besides the keys; also of a map, and of a list's elements
  int depth_max = 4;       ///< of maps and lists in each other
  bool nul_characters = true;
};

/// Items of every type and every oddity that DynamoDB accepts, the same for the same seed.
class RandomItems {
 public:
  explicit RandomItems(std::uint64_t seed, RandomItemOptions options = {});

  /// `{"S":"…"}`: the same for the same number, another for another.
  static std::string key_value(KeyType type, std::uint64_t number);

  /// `{"pk":{"S":"…"},"sk":…}`. Where there is a sort key, eight keys share a partition.
  static std::string key(const KeySchema& key_schema, std::uint64_t key_number);

  /// The key and random attributes beside it.
  std::string item(const KeySchema& key_schema, std::uint64_t key_number);

  std::mt19937_64& engine() { return engine_; }

 private:
  void append_attributes(std::string& out, int count, int depth, const KeySchema* keys);
  void append_value(std::string& out, int depth);
  void append_list(std::string& out, int depth);
  void append_set(std::string& out);
  std::string text();
  std::string name();
  std::string bytes();
  std::string number();
  std::string small_number();
  std::string digits(std::size_t count);
  std::string spelled(const std::string& text);
  std::size_t below(std::size_t bound) { return engine_() % bound; }

  std::mt19937_64 engine_;
  RandomItemOptions options_;
};

}  // namespace dynamite
