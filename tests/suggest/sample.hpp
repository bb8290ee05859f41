#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/key_schema.hpp"
#include "suggest/suggestion.hpp"

namespace dynamite::test {

using Attribute = std::pair<std::string, std::string>;

inline Attribute s(std::string_view name, std::string_view value) {
  return {std::string{name}, fmt::format(R"({{"S":"{}"}})", value)};
}

inline Attribute n(std::string_view name, std::string_view value) {
  return {std::string{name}, fmt::format(R"({{"N":"{}"}})", value)};
}

/// Items of one table, and what is suggested for them.
class Sample {
 public:
  Sample(std::string partition, std::string sort)
      : key_schema_{.partition = {.name = std::move(partition)},
                    .sort = KeyAttribute{.name = std::move(sort)}} {}
  explicit Sample(std::string partition)
      : key_schema_{.partition = {.name = std::move(partition)}, .sort = {}} {}

  const KeySchema& key_schema() const { return key_schema_; }
  const std::vector<std::string>& images() const { return images_; }

  void add(const std::vector<Attribute>& attributes) {
    std::string image{'{'};
    for (const auto& [name, value] : attributes)
      image += fmt::format(R"({}"{}":{})", image.size() > 1 ? "," : "", name, value);
    images_.push_back(image + '}');
  }

  Suggestion suggestion(std::string_view table = "shop") const {
    const std::vector<std::string_view> images{images_.begin(), images_.end()};
    return suggest(table, images, key_schema_);
  }

 private:
  KeySchema key_schema_;
  std::vector<std::string> images_;
};

}  // namespace dynamite::test
