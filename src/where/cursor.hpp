#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "where/token.hpp"

namespace dynamite {

/// Goes through the words of a clause, which outlives it. Every failure is Error{usage} with the
/// place in the clause.
class Cursor {
 public:
  /// DynamoDB nests values this deep; parentheses and NOT may be as deep.
  static constexpr int kDepthMax = 32;

  explicit Cursor(std::string_view clause) : clause_{clause}, tokens_{split_clause(clause)} {}

  const Token& peek() const noexcept { return tokens_[next_]; }
  /// The token behind the next.
  const Token& peek_second() const noexcept {
    return tokens_[next_ + (next_ + 1 < tokens_.size() ? 1 : 0)];
  }
  const Token& take() noexcept {
    const Token& token = tokens_[next_];
    if (token.kind != Token::Kind::end) ++next_;
    return token;
  }
  bool take_symbol(std::string_view symbol) noexcept {
    const bool is_it = peek().is_symbol(symbol);
    if (is_it) take();
    return is_it;
  }
  bool take_word(std::string_view word) noexcept {
    const bool is_it = peek().is_word(word);
    if (is_it) take();
    return is_it;
  }
  void expect_symbol(std::string_view symbol) {
    if (!take_symbol(symbol)) fail_unexpected(clause_, peek(), symbol);
  }

  [[noreturn]] void fail_wanted(std::string_view wanted, std::string_view hint = {}) const {
    fail_unexpected(clause_, peek(), wanted, hint);
  }
  [[noreturn]] void fail(const Token& token, std::string_view what) const {
    fail_at(clause_, token, what);
  }

  /// One level deeper for as long as it lives.
  class Level {
   public:
    explicit Level(Cursor& cursor) : cursor_{cursor} {
      if (cursor.depth_ == kDepthMax)
        cursor.fail(cursor.peek(),
                    "this is nested more than " + std::to_string(kDepthMax) + " levels deep");
      ++cursor.depth_;
    }
    ~Level() { --cursor_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Cursor& cursor_;
  };

 private:
  std::string_view clause_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0;
};

}  // namespace dynamite
