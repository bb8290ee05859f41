#include "suggest/key_form.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dynamite {
namespace {

constexpr std::string_view kDelimiters{"#|:/"};
constexpr std::size_t kPartsMax = 50;      // a design has fewer kinds of items
constexpr std::size_t kLabelsMax = 8;      // behind one begin
constexpr std::size_t kRarestPercent = 2;  // of the items, where there are too many parts

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_joint(char c) noexcept { return c == '_' || c == '-'; }

bool is_in_capitals(std::string_view word) {
  return !word.empty() && is_upper(word.front()) && std::ranges::all_of(word, [](char c) {
    return is_upper(c) || is_digit(c) || is_joint(c);
  });
}

bool is_in_small_letters(std::string_view word) {
  return !word.empty() && is_lower(word.front()) &&
         std::ranges::all_of(word, [](char c) { return is_lower(c) || is_joint(c); });
}

/// Whether it may name an entity: Order, order_item, S3; no number, no time, no UUID.
bool is_word(std::string_view text) {
  if (is_in_capitals(text)) return true;
  return !text.empty() && !is_joint(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_upper(c) || is_lower(c) || is_joint(c);
  });
}

/// `ORDER#` of `ORDER#7`, `#META#` of `#META#7`; empty if the value does not begin with a word and
/// a delimiter.
std::string_view begin_of(std::string_view value) {
  const std::size_t word = value.find_first_not_of(kDelimiters);
  if (word == std::string_view::npos) return {};
  const std::size_t end = value.find_first_of(kDelimiters, word);
  if (end == std::string_view::npos || !is_word(value.substr(word, end - word))) return {};
  return value.substr(0, end + 1);
}

bool may_be_constant(std::string_view value) {
  const std::string_view word = without_delimiters(value);
  return word.size() > 1 && (is_in_capitals(word) || is_in_small_letters(word));
}

/// Labels and values take turns: of `1#ITEM#2`, what is behind a begin, `#ITEM#` is a label.
std::vector<std::string> labels_of(std::string_view value, std::string_view begin) {
  std::vector<std::string> labels;
  std::size_t delimiter = value.find_first_of(kDelimiters, begin.size());
  while (delimiter != std::string_view::npos) {
    const std::size_t end = value.find_first_of(kDelimiters, delimiter + 1);
    const bool is_last = end == std::string_view::npos;
    const std::size_t word_end = is_last ? value.size() : end;
    const std::string_view word = value.substr(delimiter + 1, word_end - delimiter - 1);
    const bool names = is_last ? is_in_capitals(word) : is_word(word);
    if (names) labels.emplace_back(value.substr(delimiter, word.size() + (is_last ? 1 : 2)));
    delimiter = is_last ? end : value.find_first_of(kDelimiters, end + 1);
  }
  return labels;
}

template <class Counts>
void drop_values(Counts& counts, std::size_t items) {
  if (counts.size() <= parts_max(items)) return;
  std::erase_if(counts,
                [&](const auto& each) { return each.second * 100 < items * kRarestPercent; });
}

}  // namespace

std::string_view without_delimiters(std::string_view label) {
  const std::size_t begin = label.find_first_not_of(kDelimiters);
  if (begin == std::string_view::npos) return {};
  return label.substr(begin, label.find_last_not_of(kDelimiters) - begin + 1);
}

std::size_t parts_max(std::size_t items) {
  const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(items)));
  return std::min(kPartsMax, 4 + 2 * root);
}

KeyForms::KeyForms(std::span<const SampledItem> items, std::string_view attribute)
    : attribute_{attribute} {
  count(items);
  keep_names(items.size());
}

void KeyForms::count(std::span<const SampledItem> items) {
  for (const SampledItem& item : items) {
    const std::string* const value = item.string_at(attribute_);
    if (value == nullptr) continue;
    const std::string begin{begin_of(*value)};
    if (begin.empty()) {
      if (may_be_constant(*value)) ++constants_[*value];
      continue;
    }
    ++begins_[begin];
    for (std::string& label : labels_of(*value, begin))
      labels_[begin][std::move(label)].insert(*value);
  }
}

void KeyForms::keep_names(std::size_t items) {
  std::erase_if(constants_, [](const auto& each) { return each.second < 2; });
  drop_values(constants_, items);
  drop_values(begins_, items);
  for (auto& [begin, labels] : labels_) {
    std::erase_if(labels, [](const auto& each) { return each.second.size() < 2; });
    if (labels.size() > kLabelsMax) labels.clear();
  }
}

KeyForm KeyForms::of(const SampledItem& item) const {
  const std::string* const value = item.string_at(attribute_);
  if (value == nullptr) return {};
  if (constants_.contains(*value)) return {.begin = *value, .is_constant = true};
  const std::string begin{begin_of(*value)};
  if (begin.empty() || !begins_.contains(begin)) return {};
  KeyForm form{.begin = begin};
  const auto known = labels_.find(begin);
  if (known == labels_.end()) return form;
  for (std::string& label : labels_of(*value, begin))
    if (known->second.contains(label)) form.labels.push_back(std::move(label));
  return form;
}

}  // namespace dynamite
