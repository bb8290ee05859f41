#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// A word of a clause, as it is written; `text` views the clause.
struct Token {
  enum class Kind : std::uint8_t {
    name,         ///< a keyword, a function, or an attribute without quotes
    quoted_name,  ///< `"order-id"`
    string,       ///< `'paid'`
    number,       ///< without a sign
    symbol,
    end,  ///< behind the last; empty
  };
  Kind kind = Kind::end;
  std::string_view text{};

  /// What stands between the quotes of a string or quoted name, in which a doubled quote is one.
  std::string unquoted() const;

  bool is_symbol(std::string_view symbol) const noexcept {
    return kind == Kind::symbol && text == symbol;
  }
  /// Whether it is this word, given in upper case, in any case.
  bool is_word(std::string_view word) const noexcept;
};

/// The words of `clause`, and `end` behind them. Throws Error{usage} if there is a character that
/// is none of a clause's, or a quote that does not end, or if it is longer than DynamoDB takes it.
std::vector<Token> split_clause(std::string_view clause);

/// Throws Error{usage} that says where in `clause` `token` is, and `what` is wrong there.
[[noreturn]] void fail_at(std::string_view clause, const Token& token, std::string_view what,
                          std::string_view hint = {});

/// The same for a token that stands where only `wanted` may.
[[noreturn]] void fail_unexpected(std::string_view clause, const Token& token,
                                  std::string_view wanted, std::string_view hint = {});

}  // namespace dynamite
