#include "where/token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/error.hpp"
#include "core/visible.hpp"

namespace dynamite {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool begins_name(char c) noexcept {
  return (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_' || c == '$';
}

bool continues_name(char c) noexcept { return begins_name(c) || is_digit(c); }

bool is_white(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool continues_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The longer before those that they begin with.
constexpr std::array<std::string_view, 20> kSymbols{"<<", ">>", "<>", "<=", ">=", "!=", "=",
                                                    "<",  ">",  "(",  ")",  "[",  "]",  "{",
                                                    "}",  ",",  ":",  ".",  "+",  "-"};

/// `text` up to the first character that `continues` does not take.
template <class Continues>
std::size_t run_of(std::string_view text, Continues continues) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, continues) - text.begin());
}

/// The length of `"…"` or `'…'`, quotes included; 0 if it does not end.
std::size_t quoted_size(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != quote) continue;
    if (i + 1 == text.size() || text[i + 1] != quote) return i + 1;
    ++i;
  }
  return 0;
}

/// The length of `1`, `1.`, `.5`, `1.5e-3`.
std::size_t number_size(std::string_view text) {
  std::size_t size = run_of(text, is_digit);
  if (text.substr(size).starts_with('.')) {
    ++size;
    size += run_of(text.substr(size), is_digit);
  }
  const std::string_view exponent = text.substr(size);
  if (exponent.empty() || upper(exponent.front()) != 'E') return size;
  const bool has_sign = exponent.size() > 1 && (exponent[1] == '+' || exponent[1] == '-');
  const std::size_t sign = has_sign ? 1 : 0;
  const std::size_t digits = run_of(exponent.substr(1 + sign), is_digit);
  return digits == 0 ? size : size + 1 + sign + digits;
}

Token first_token(std::string_view clause, std::string_view rest) {
  using Kind = Token::Kind;
  const char first = rest.front();
  const auto token = [&](Kind kind, std::size_t size) {
    return Token{.kind = kind, .text = rest.substr(0, size)};
  };
  if (begins_name(first)) return token(Kind::name, run_of(rest, continues_name));
  if (first == '\'' || first == '"') {
    const Kind kind = first == '"' ? Kind::quoted_name : Kind::string;
    const std::size_t size = quoted_size(rest);
    if (size == 0) fail_at(clause, token(kind, 1), fmt::format("{} does not end", first));
    return token(kind, size);
  }
  if (is_digit(first) || (first == '.' && rest.size() > 1 && is_digit(rest[1])))
    return token(Kind::number, number_size(rest));
  for (const std::string_view symbol : kSymbols)
    if (rest.starts_with(symbol)) return token(Kind::symbol, symbol.size());
  const Token unknown = token(Kind::symbol, 1 + run_of(rest.substr(1), continues_character));
  fail_at(clause, unknown, fmt::format("{} is no part of a clause", in_quotes(unknown.text)),
          "put an attribute's name that is more than letters, digits and _ in double quotes");
}

/// "line 2, column 5", of which the line is left out if there is just one. Columns are characters.
std::string place_of(std::string_view clause, const Token& token) {
  const auto offset = static_cast<std::size_t>(token.text.data() - clause.data());
  const std::string_view before = clause.substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto column = 1 + std::ranges::count_if(before.substr(line_begin),
                                                [](char c) { return !continues_character(c); });
  if (clause.find('\n') == std::string_view::npos) return fmt::format("column {}", column);
  return fmt::format("line {}, column {}", 1 + std::ranges::count(before, '\n'), column);
}

}  // namespace

std::string Token::unquoted() const {
  const char quote = text.front();
  std::string inner;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    inner += text[i];
    if (text[i] == quote) ++i;
  }
  return inner;
}

bool Token::is_word(std::string_view word) const noexcept {
  return kind == Kind::name && std::ranges::equal(text, word, {}, upper);
}

std::vector<Token> split_clause(std::string_view clause) {
  // The longest statement that DynamoDB takes.
  constexpr std::size_t kSizeMax = 8192;
  if (clause.size() > kSizeMax)
    throw Error{Error::Kind::usage,
                fmt::format("clause of \"where\" has {} bytes, wanted {} at most", clause.size(),
                            kSizeMax)};
  std::vector<Token> tokens;
  std::string_view rest = clause;
  for (;;) {
    rest.remove_prefix(run_of(rest, is_white));
    if (rest.empty()) break;
    tokens.push_back(first_token(clause, rest));
    rest.remove_prefix(tokens.back().text.size());
  }
  tokens.push_back({.kind = Token::Kind::end, .text = rest});
  return tokens;
}

void fail_at(std::string_view clause, const Token& token, std::string_view what,
             std::string_view hint) {
  throw Error{Error::Kind::usage,
              fmt::format("clause of \"where\", {}: {}", place_of(clause, token), what),
              std::string{hint}};
}

void fail_unexpected(std::string_view clause, const Token& token, std::string_view wanted,
                     std::string_view hint) {
  constexpr std::size_t kShownMax = 40;
  std::string_view shown = token.text.substr(0, kShownMax);
  // No character is cut in two.
  if (shown.size() < token.text.size())
    while (continues_character(token.text[shown.size()])) shown.remove_suffix(1);
  const std::string seen = token.kind == Token::Kind::end ? "the end" : in_quotes(shown);
  fail_at(clause, token, fmt::format("{} is there, wanted {}", seen, wanted), hint);
}

}  // namespace dynamite
