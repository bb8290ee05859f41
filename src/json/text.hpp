#pragma once

#include <string>
#include <string_view>

namespace dynamite {

// A token is what stands between the quotes of a JSON string whose escapes have the right form, as
// JsonScanner::string returns it.

bool has_escapes(std::string_view token) noexcept;

/// True if `token` stands for `text`. Throws Error{poison} on a lone surrogate.
bool token_is(std::string_view token, std::string_view text);

/// True if U+0000 is in the text that `token` stands for. Throws Error{poison} on a lone surrogate.
bool holds_nul(std::string_view token);

/// Appends the UTF-8 bytes that `token` stands for. Throws Error{poison} on a lone surrogate.
void append_unescaped(std::string& out, std::string_view token);

/// Appends `bytes` as the inside of a JSON string.
void append_escaped(std::string& out, std::string_view bytes);

/// True if `text` is standard Base64 with padding, in the one spelling that its bytes have.
bool is_base64(std::string_view text) noexcept;

/// Appends the bytes of Base64 `text`. Throws Error{poison} if is_base64 is false.
void append_base64_decoded(std::string& out, std::string_view text);

void append_base64(std::string& out, std::string_view bytes);

/// `bytes` as a JSON string, with its quotes.
std::string json_string(std::string_view bytes);

}  // namespace dynamite
