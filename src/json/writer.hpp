#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// An array as JSON text, written element by element.
class JsonArray {
 public:
  /// `separator`: a comma, and white space if people read the text.
  explicit JsonArray(std::string_view separator = ",") : separator_{separator} {}

  JsonArray& text(std::string_view value);
  JsonArray& json(std::string_view value);  ///< a value that is JSON already

  /// The array. Nothing may be added afterwards.
  std::string finish();

 private:
  std::string_view separator_;
  std::string out_{"["};
};

/// An object as JSON text, written member by member. The caller keeps the names apart.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& json(std::string_view name, std::string_view value);  ///< of JSON already
  JsonObject& flag(std::string_view name, bool value);
  JsonObject& number(std::string_view name, double value);  ///< finite; as short as it reads back

  template <std::integral Number>
  JsonObject& number(std::string_view name, Number value) {
    return json(name, std::to_string(value));
  }
  /// null if absent.
  template <std::integral Number>
  JsonObject& number(std::string_view name, std::optional<Number> value) {
    return json(name, value ? std::to_string(*value) : "null");
  }

  /// The object. Nothing may be added afterwards.
  std::string finish();

 private:
  std::string out_{"{"};
};

}  // namespace dynamite
