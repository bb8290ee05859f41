#pragma once

#include <cstddef>
#include <string_view>

#include "json/text.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace dynamite {

/// The kind of value that begins with `c`: "an object", "a number"; empty if no value does.
std::string_view json_type(char first) noexcept;

/// A forward reader over one JSON text that checks every byte it passes. Recursion is the caller's;
/// the scanner itself only skips nested values, to kDepthMax. Whether the text is UTF-8 is
/// checked once for the whole page by simdjson, not here.
/// Every failure is Error{poison} without the text's content. All views are into the text.
class JsonScanner {
 public:
  static constexpr int kDepthMax =
      128;  // DynamoDB nests 32 levels: two of JSON for each, and envelope

  explicit JsonScanner(std::string_view text) noexcept
      : begin_{text.data()}, next_{text.data()}, end_{text.data() + text.size()} {}

  /// The next byte that is not white space; '\0' at the end.
  char peek() noexcept {
    while (next_ != end_ && is_white(*next_)) ++next_;
    return next_ != end_ ? *next_ : '\0';
  }

  /// Skips white space, then takes `c`.
  void expect(char c) {
    if (!take(c)) fail_expected(c);
  }

  /// As expect, but false if something else is next.
  bool take(char c) noexcept {
    if (peek() != c || next_ == end_) return false;
    ++next_;
    return true;
  }

  /// Takes a null, which AWS's protocols count as an absent member.
  bool take_null() {
    if (peek() != 'n') return false;
    literal();
    return true;
  }

  /// True if only white space is left.
  bool at_end() noexcept {
    peek();
    return next_ == end_;
  }

  /// A string: the raw token between the quotes, its escapes checked.
  std::string_view string() {
    expect('"');
    const char* const begin = next_;
    next_ = find_special(next_, end_);
    string_has_escapes_ = next_ == end_ || *next_ != '"';
    if (string_has_escapes_) skip_rest_of_string();
    const std::string_view token = since(begin);
    ++next_;
    return token;
  }

  /// True if there are escapes in the token that `string` gave last: has_escapes without a search.
  bool string_has_escapes() const noexcept { return string_has_escapes_; }

  /// The name of a member and its colon.
  std::string_view member_name() {
    if (peek() != '"') fail("no name of a member");
    const std::string_view name = string();
    expect(':');
    return name;
  }

  /// Takes `{"T":`, written without white space, and returns T; takes nothing and returns '\0' if
  /// something else is next.
  char take_type_of_one_letter() noexcept {
    constexpr std::ptrdiff_t kSize = 5;
    if (end_ - next_ < kSize || next_[0] != '{' || next_[1] != '"' || next_[3] != '"' ||
        next_[4] != ':')
      return '\0';
    const char type = next_[2];
    next_ += kSize;
    return type;
  }

  /// true, false, null or a number: the raw token.
  std::string_view literal();

  /// Any value: its raw text.
  std::string_view skip_value();

  /// The raw text of an object. Only the ends of strings and the number of brackets are looked at:
  /// several times as fast as skip_value, for text that is validated later.
  std::string_view skip_object();

  /// The raw text of any value. Only strings and the number of brackets are checked: for a value
  /// that skip_value refused.
  std::string_view skip_broken_value();

  /// Throws unless only white space is left.
  void expect_end();

  /// The text that was passed since `from`, a position that this scanner gave.
  const char* position() const noexcept { return next_; }
  std::string_view since(const char* from) const noexcept {
    return {from, static_cast<std::size_t>(next_ - from)};
  }

  /// Goes back, or forward, to a position that this scanner gave.
  void go_to(const char* position) noexcept { next_ = position; }

 private:
  static bool is_white(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  static constexpr unsigned char kControlMax = 0x1F;

  /// The first quote, backslash or control character from `next` on, or `end`.
  static const char* find_special(const char* next, const char* end) noexcept {
#ifdef __SSE2__
    constexpr std::ptrdiff_t kBlock = sizeof(__m128i);
    for (; end - next >= kBlock; next += kBlock) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
      const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
      const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
      const __m128i control =
          _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(kControlMax)), block);
      const int found = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
      if (found != 0) return next + __builtin_ctz(static_cast<unsigned>(found));
    }
#endif
    while (next != end && *next != '"' && *next != '\\' &&
           static_cast<unsigned char>(*next) > kControlMax)
      ++next;
    return next;
  }

  [[noreturn]] void fail(const char* why) const;
  [[noreturn]] void fail_expected(char c) const;
  bool skip_some_of_object(const char* end, std::size_t& depth, bool& within_string);
  void skip_rest_of_string();
  void skip_escape();
  void skip_digits();
  void skip_number();

  const char* begin_;
  const char* next_;
  const char* end_;
  bool string_has_escapes_ = false;
};

/// Reads an object: calls `member(name)` for each, which must take its value.
template <class Member>
void scan_object(JsonScanner& scanner, Member member) {
  scanner.expect('{');
  if (scanner.take('}')) return;
  do {
    member(scanner.member_name());
  } while (scanner.take(','));
  scanner.expect('}');
}

/// Reads an array: calls `element()` for each, which must take it.
template <class Element>
void scan_array(JsonScanner& scanner, Element element) {
  scanner.expect('[');
  if (scanner.take(']')) return;
  do {
    element();
  } while (scanner.take(','));
  scanner.expect(']');
}

}  // namespace dynamite
