#include "app/config/names.hpp"

#include <algorithm>
#include <cstddef>

namespace dynamite {
namespace {

constexpr std::size_t kIdentifierBytesMax = 63;  // PostgreSQL's NAMEDATALEN - 1
constexpr std::size_t kTableNameMin = 3;         // DynamoDB's limits
constexpr std::size_t kTableNameMax = 255;

bool consists_of(std::string_view text, std::string_view others) noexcept {
  return std::ranges::all_of(text, [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_region(std::string_view text) noexcept { return !text.empty() && consists_of(text, "-"); }

bool is_identifier(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kIdentifierBytesMax &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool is_table_name(std::string_view text) noexcept {
  return text.size() >= kTableNameMin && text.size() <= kTableNameMax && consists_of(text, "_.-");
}

bool is_table_glob(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kTableNameMax && consists_of(text, "_.-*?");
}

}  // namespace dynamite
