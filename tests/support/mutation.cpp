#include "support/mutation.hpp"

#include <utility>

namespace dynamite::test {

std::string mutated(std::string text, const Mutations& mutations, std::mt19937_64& random) {
  const std::string_view bytes = mutations.bytes;
  for (std::uint64_t i = mutations.count; i > 0 && text.size() > 2; --i) {
    const std::size_t at = random() % (text.size() - 1);
    switch (random() % 4) {
      case 0:
        text[at] = bytes[random() % bytes.size()];
        break;
      case 1:
        text.insert(at, 1, bytes[random() % bytes.size()]);
        break;
      case 2:
        text.erase(at, mutations.erased_max == 1 ? 1 : 1 + random() % mutations.erased_max);
        break;
      default:
        std::swap(text[at], text[at + 1]);
    }
  }
  return text;
}

}  // namespace dynamite::test
