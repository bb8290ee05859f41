#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// Tells cheaply whether a name may have come before. A no is never wrong.
class NameFilter {
 public:
  /// False if no name that was added before equals `name`.
  bool add(std::string_view name) noexcept {
    const std::size_t bit = hash(name) >> (64U - kBitsLog2);
    const bool seen = bits_.test(bit);
    bits_.set(bit);
    return seen;
  }

 private:
  static constexpr unsigned kBitsLog2 = 11;  // 15 names: one rescan in 20 items

  template <class Word>
  static std::uint64_t load(const char* bytes) noexcept {
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }

  /// The hash of the first and the last eight bytes. Names are short, and loads of fixed size are
  /// fast.
  static std::uint64_t hash(std::string_view name) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;
    const auto mix = [&]<class Word>(Word) {
      const std::uint64_t head = (load<Word>(name.data()) + name.size()) * kMultiplier;
      const std::uint64_t tail = load<Word>(name.data() + name.size() - sizeof(Word));
      return ((head ^ head >> 32U) + tail) * kMultiplier;
    };
    if (name.size() >= sizeof(std::uint64_t)) return mix(std::uint64_t{});
    if (name.size() >= sizeof(std::uint32_t)) return mix(std::uint32_t{});
    if (name.size() >= sizeof(std::uint16_t)) return mix(std::uint16_t{});
    return name.empty() ? 0 : mix(std::uint8_t{});
  }

  std::bitset<std::size_t{1} << kBitsLog2> bits_;
};

inline bool has_duplicate(std::vector<std::string> names) {
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

}  // namespace dynamite
