#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/keys.hpp"
#include "app/config/names.hpp"

/// What makes the rows of the tables of keys.
namespace dynamite::keys {

/// Where a value goes: a member of an `Into`, or of one of its members.
template <class Into, class Find>
struct Place {
  using Section = Into;

  auto& operator()(Into& into) const { return find(into); }

  Find find;
};

template <class Into, class Find>
Place<Into, Find> place_in(Find find) {
  return {std::move(find)};
}

template <class Into, class T>
auto at(T Into::*member) {
  return place_in<Into>([member](Into& into) -> T& { return into.*member; });
}
template <class Into, class Part, class T>
auto at(Part Into::*part, T Part::*member) {
  return place_in<Into>([part, member](Into& into) -> T& { return into.*part.*member; });
}

/// What holds the place.
template <class Place>
using Section = typename Place::Section;

template <class T>
T value_of(const T&);
template <class T>
T value_of(const std::optional<T>&);

/// The type of what a place holds, without the optional around it.
template <class Place>
using Held = decltype(value_of(std::declval<Place>()(std::declval<Section<Place>&>())));

template <class Place>
Key<Section<Place>> whole_number(std::string_view name, Place place, std::uint64_t min,
                                 std::uint64_t max) {
  return {name, fmt::format("a whole number from {} to {}", min, max),
          [=](const SettingValue& value, Section<Place>& into) {
            const auto number = as_whole_number(value);
            if (!number || *number < min || *number > max) return false;
            place(into) = static_cast<Held<Place>>(*number);
            return true;
          }};
}

template <class Place>
Key<Section<Place>> number_from(std::string_view name, Place place, double min) {
  return {name, fmt::format("a number of at least {}", min),
          [=](const SettingValue& value, Section<Place>& into) {
            const auto number = as_number(value);
            if (!number || *number < min) return false;
            place(into) = *number;
            return true;
          }};
}

template <class Place>
Key<Section<Place>> truth(std::string_view name, Place place) {
  return {name, "true or false", [=](const SettingValue& value, Section<Place>& into) {
            const auto truth = as_truth(value);
            if (truth) place(into) = *truth;
            return truth.has_value();
          }};
}

template <class Place>
Key<Section<Place>> duration(std::string_view name, Place place, std::string_view min,
                             std::string_view max) {
  return {name, fmt::format("a time from \"{}\" to \"{}\"", min, max),
          [=, shortest = *parse_duration(min), longest = *parse_duration(max)](
              const SettingValue& value, Section<Place>& into) {
            const auto text = as_text(value);
            const auto time = text ? parse_duration(*text) : std::nullopt;
            if (!time || *time < shortest || *time > longest) return false;
            place(into) = *time;
            return true;
          }};
}

/// Text that `is_allowed`.
template <class Place>
Key<Section<Place>> text(std::string_view name, Place place, std::string allowed,
                         bool (*is_allowed)(std::string_view)) {
  return {name, std::move(allowed), [=](const SettingValue& value, Section<Place>& into) {
            auto text = as_text(value);
            if (!text || !is_allowed(*text)) return false;
            place(into) = std::move(*text);
            return true;
          }};
}

template <class Place>
Key<Section<Place>> identifier(std::string_view name, Place place) {
  return text(name, place, "1 to 63 bytes without control characters", is_identifier);
}

inline bool is_not_empty(std::string_view text) noexcept { return !text.empty(); }

/// `"s", "ms" or "us"`
inline std::string one_of(const std::vector<std::string_view>& texts) {
  std::string list;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) list += i + 1 == texts.size() ? " or " : ", ";
    list += fmt::format("\"{}\"", texts[i]);
  }
  return list;
}

/// One of several texts, each with what it stands for.
template <class Place>
Key<Section<Place>> choice(std::string_view name, Place place,
                           std::vector<std::pair<std::string_view, Held<Place>>> choices) {
  std::vector<std::string_view> texts;
  for (const auto& [text, chosen] : choices) texts.push_back(text);
  return {name, one_of(texts), [=](const SettingValue& value, Section<Place>& into) {
            const auto text = as_text(value);
            const auto found = std::ranges::find_if(
                choices, [&](const auto& known) { return text == known.first; });
            if (found == choices.end()) return false;
            place(into) = found->second;
            return true;
          }};
}

}  // namespace dynamite::keys
