#include "core/key.hpp"

#include <cstdint>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t read_length(std::string_view bytes) {
  std::size_t length = 0;
  for (const char byte : bytes.substr(0, kLengthBytes))
    length = length << 8U | static_cast<unsigned char>(byte);
  return length;
}

}  // namespace

void append_key_part(std::string& out, std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(length >> shift & 0xFFU);
  out += bytes;
}

KeyParts split_key(std::string_view key) {
  KeyParts result;
  while (!key.empty()) {
    const std::size_t length = read_length(key);
    if (result.count == result.parts.size() || key.size() < kLengthBytes + length)
      throw Error{Error::Kind::bug, "canonical key is malformed"};
    result.parts[result.count++] = key.substr(kLengthBytes, length);
    key.remove_prefix(kLengthBytes + length);
  }
  if (result.count == 0) throw Error{Error::Kind::bug, "canonical key is empty"};
  return result;
}

}  // namespace dynamite
