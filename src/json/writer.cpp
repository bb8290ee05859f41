#include "json/writer.hpp"

#include <fmt/format.h>

#include <utility>

#include "json/text.hpp"

namespace dynamite {

JsonArray& JsonArray::text(std::string_view value) { return json(json_string(value)); }

JsonArray& JsonArray::json(std::string_view value) {
  if (out_.size() > 1) out_ += separator_;
  out_ += value;
  return *this;
}

std::string JsonArray::finish() {
  out_ += ']';
  return std::move(out_);
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  return json(name, json_string(value));
}

JsonObject& JsonObject::json(std::string_view name, std::string_view value) {
  out_ += out_.size() > 1 ? ",\"" : "\"";
  append_escaped(out_, name);
  out_ += "\":";
  out_ += value;
  return *this;
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  return json(name, value ? "true" : "false");
}

JsonObject& JsonObject::number(std::string_view name, double value) {
  return json(name, fmt::format("{}", value));
}

std::string JsonObject::finish() {
  out_ += '}';
  return std::move(out_);
}

}  // namespace dynamite
