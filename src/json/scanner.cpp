#include "json/scanner.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "core/error.hpp"

namespace dynamite {
namespace {

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

#ifdef __SSE2__

/// Where the characters that tell an object's end are among 64 bytes, a bit a byte.
struct Block {
  static constexpr std::ptrdiff_t kBytes = 64;

  explicit Block(const char* bytes) noexcept {
    constexpr char kUpperAndLower = 0x20;  // makes [ and ] of { and }
    for (unsigned part = 0; part < 4; ++part) {
      const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + part);
      const __m128i folded = _mm_or_si128(sixteen, _mm_set1_epi8(kUpperAndLower));
      const auto mask = [&](__m128i where, char c) {
        const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(where, _mm_set1_epi8(c)));
        return static_cast<std::uint64_t>(static_cast<unsigned>(bits)) << (16 * part);
      };
      quotes |= mask(sixteen, '"');
      backslashes |= mask(sixteen, '\\');
      opening |= mask(folded, '{');
      closing |= mask(folded, '}');
    }
  }

  std::uint64_t quotes = 0, backslashes = 0, opening = 0, closing = 0;
};

#endif

}  // namespace

void JsonScanner::fail(const char* why) const {
  throw Error{Error::Kind::poison, fmt::format("not JSON: {} at byte {}", why, next_ - begin_)};
}

// A value of another kind than the wanted one is JSON all the same, and the message says so.
void JsonScanner::fail_expected(char c) const {
  const std::string_view found = next_ == end_ ? "" : json_type(*next_);
  const std::string_view wanted = json_type(c);
  const std::string why = found.empty() || wanted.empty()
                              ? fmt::format("not JSON: no '{}' where one must be", c)
                              : fmt::format("{} where {} must be", found, wanted);
  throw Error{Error::Kind::poison, fmt::format("{}, at byte {}", why, next_ - begin_)};
}

std::string_view json_type(char first) noexcept {
  switch (first) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "a null";
    default:
      return first == '-' || (first >= '0' && first <= '9') ? "a number" : "";
  }
}

void JsonScanner::skip_escape() {
  constexpr int kHexDigits = 4;
  ++next_;
  if (next_ == end_) fail("a string without end");
  switch (*next_++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return;
    case 'u':
      for (int i = 0; i < kHexDigits; ++i, ++next_)
        if (next_ == end_ || !is_hex(*next_)) fail("an escape without four hexadecimal digits");
      return;
    default:
      fail("an unknown escape");
  }
}

/// Goes on at a special character; stops at the quote that ends the string.
void JsonScanner::skip_rest_of_string() {
  for (; next_ != end_; next_ = find_special(next_, end_)) {
    if (*next_ == '"') return;
    if (*next_ != '\\') fail("a control character in a string");
    skip_escape();
  }
  fail("a string without end");
}

void JsonScanner::skip_digits() {
  if (next_ == end_ || !is_digit(*next_)) fail("no digit where one must be");
  while (next_ != end_ && is_digit(*next_)) ++next_;
}

void JsonScanner::skip_number() {
  const auto next_is = [this](char c) { return next_ != end_ && *next_ == c; };
  if (next_is('-')) ++next_;
  if (next_is('0'))
    ++next_;
  else
    skip_digits();
  if (next_is('.')) {
    ++next_;
    skip_digits();
  }
  if (next_is('e') || next_is('E')) {
    ++next_;
    if (next_is('+') || next_is('-')) ++next_;
    skip_digits();
  }
}

std::string_view JsonScanner::literal() {
  const char first = peek();
  const char* const begin = next_;
  if (first == '-' || is_digit(first)) {
    skip_number();
    return since(begin);
  }
  const std::string_view rest{next_, static_cast<std::size_t>(end_ - next_)};
  for (const std::string_view word : {"true", "false", "null"}) {
    if (!rest.starts_with(word)) continue;
    next_ += word.size();
    return since(begin);
  }
  fail("no value where one must be");
}

std::string_view JsonScanner::skip_value() {
  std::array<char, kDepthMax> closers;
  std::size_t depth = 0;
  peek();
  const char* const begin = next_;
  do {
    const char first = peek();
    if (first == '{' || first == '[') {
      if (depth == closers.size()) fail("nesting beyond 128 levels");
      ++next_;
      const char closer = first == '{' ? '}' : ']';
      if (!take(closer)) {
        closers[depth++] = closer;
        if (first == '{') member_name();
        continue;
      }
    } else if (first == '"') {
      string();
    } else {
      literal();
    }
    while (depth > 0 && !take(',')) expect(closers[--depth]);
    if (depth > 0 && closers[depth - 1] == '}') member_name();
  } while (depth > 0);
  return since(begin);
}

#ifdef __SSE2__

// 64 bytes at a time. The bits of a block's quotes, summed up from below by exclusive or, are set
// within strings; blocks with a backslash are left to the loop over bytes.
std::string_view JsonScanner::skip_object() {
  if (peek() != '{') fail_expected('{');
  const char* const begin = next_;
  std::size_t depth = 0;
  bool within_string = false;
  while (end_ - next_ >= Block::kBytes) {
    const Block block{next_};
    if (block.backslashes != 0) {
      if (skip_some_of_object(next_ + Block::kBytes, depth, within_string)) return since(begin);
      continue;
    }
    std::uint64_t strings = block.quotes;
    for (unsigned shift = 1; shift < 64; shift *= 2) strings ^= strings << shift;
    if (within_string) strings = ~strings;
    within_string = (strings >> 63U) != 0;
    for (std::uint64_t brackets = (block.opening | block.closing) & ~strings; brackets != 0;
         brackets &= brackets - 1) {
      const std::uint64_t lowest = brackets & -brackets;
      if ((block.opening & lowest) != 0) {
        ++depth;
      } else if (--depth == 0) {
        next_ += __builtin_ctzll(lowest) + 1;
        return since(begin);
      }
    }
    next_ += Block::kBytes;
  }
  if (skip_some_of_object(end_, depth, within_string)) return since(begin);
  fail("an object without end");
}

#else

std::string_view JsonScanner::skip_object() {
  if (peek() != '{') fail_expected('{');
  const char* const begin = next_;
  std::size_t depth = 0;
  bool within_string = false;
  if (skip_some_of_object(end_, depth, within_string)) return since(begin);
  fail("an object without end");
}

#endif

/// Goes on to `end`, or by one more if an escape is there; true if the object ends before.
bool JsonScanner::skip_some_of_object(const char* end, std::size_t& depth, bool& within_string) {
  while (next_ < end) {
    const char c = *next_++;
    if (c == '"') within_string = !within_string;
    if (within_string) {
      if (c == '\\' && next_ != end_) ++next_;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return true;
  }
  return false;
}

std::string_view JsonScanner::skip_broken_value() {
  const auto ends_scalar = [](char c) { return c == ',' || c == ']' || c == '}'; };
  const auto go_to_closing_quote = [this] {
    for (++next_; next_ != end_ && *next_ != '"'; ++next_)
      if (*next_ == '\\' && next_ + 1 != end_) ++next_;
  };
  std::size_t depth = 0;
  peek();
  const char* const begin = next_;
  while (next_ != end_) {
    const char c = *next_;
    if (depth == 0 && ends_scalar(c)) return since(begin);
    if (c == '"') go_to_closing_quote();
    if (next_ == end_) break;
    ++next_;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0 && --depth == 0) return since(begin);
  }
  fail("a value without end");
}

void JsonScanner::expect_end() {
  if (!at_end()) fail("more text behind the end");
}

}  // namespace dynamite
