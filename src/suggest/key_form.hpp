#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "suggest/sampled_item.hpp"

namespace dynamite {

/// What the values of a key attribute have in common that belong to one entity: `PROFILE`, or
/// `ORDER#…`, or `ORDER#…#ITEM#…`. Delimiters are `#`, `|`, `:` and `/`.
struct KeyForm {
  /// Up to the first delimiter, `ORDER#`, or the whole value if it is a constant; empty: any value.
  std::string begin{};
  bool is_constant = false;
  /// Behind it, with the delimiters around: `#ITEM#`, or `#ITEM` at the end.
  std::vector<std::string> labels{};

  bool is_any() const noexcept { return begin.empty(); }

  auto operator<=>(const KeyForm&) const = default;
};

/// `ORDER` of `#ORDER#`.
std::string_view without_delimiters(std::string_view label);

/// How many parts of one kind a sample of so many items may have, before they look like values and
/// not like names of entities.
std::size_t parts_max(std::size_t items);

/// The forms of a key attribute's values, by what repeats in a sample.
class KeyForms {
 public:
  KeyForms(std::span<const SampledItem> items, std::string_view attribute);

  /// An item whose attribute is no string has the form of any value.
  KeyForm of(const SampledItem& item) const;

 private:
  void count(std::span<const SampledItem> items);
  void keep_names(std::size_t items);

  std::string attribute_;
  std::map<std::string, std::size_t, std::less<>> begins_, constants_;
  /// By begin and label, the values in which the label is.
  std::map<std::string, std::map<std::string, std::set<std::string>>> labels_;
};

}  // namespace dynamite
