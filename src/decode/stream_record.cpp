#include "decode/stream_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>

#include "core/error.hpp"
#include "core/number.hpp"

namespace dynamite {
namespace {

enum class Form : char { string = '"', object = '{', number = '0' };

struct Member {
  std::string_view name;
  std::string_view StreamRecord::*value;
  Form form;
};

constexpr std::size_t kMicrosDigits = 6;

constexpr std::array kOuterMembers{
    Member{"eventName", &StreamRecord::event_name, Form::string},
    Member{"eventVersion", &StreamRecord::event_version, Form::string},
    Member{"eventSource", &StreamRecord::event_source, Form::string},
    Member{"eventSourceARN", &StreamRecord::stream_arn, Form::string},
};

constexpr std::array kInnerMembers{
    Member{"Keys", &StreamRecord::keys, Form::object},
    Member{"NewImage", &StreamRecord::new_image, Form::object},
    Member{"SequenceNumber", &StreamRecord::sequence_number, Form::string},
    Member{"StreamViewType", &StreamRecord::view_type, Form::string},
    Member{"ApproximateCreationDateTime", &StreamRecord::time, Form::number},
};

std::string fault_of(std::string_view member, std::string_view why) {
  return fmt::format("{} of the record {}", member, why);
}

[[noreturn]] void fail(const std::string& fault) { throw Error{Error::Kind::poison, fault}; }

std::string_view read_value(JsonScanner& scanner, const Member& member, std::string& fault) {
  const char first = scanner.peek();
  if (member.form == Form::string && first == '"') return scanner.string();
  if (member.value == &StreamRecord::new_image && first == '{') return scanner.skip_object();
  if (member.form == Form::object && first == '{') return scanner.skip_value();
  if (member.form == Form::number && first >= '0' && first <= '9') return scanner.literal();
  scanner.skip_value();
  fault = fault_of(member.name, member.form == Form::string   ? "is not a string"
                                : member.form == Form::object ? "is not an object"
                                                              : "is not a number of seconds");
  return {};
}

/// Absent if `name` is none of `members`.
const Member* find_member(std::span<const Member> members, std::string_view name) {
  const auto member = std::ranges::find(members, name, &Member::name);
  return member == members.end() ? nullptr : &*member;
}

/// Skips the value if there is no such `member`. What is wrong with it goes to `fault`, so that the
/// rest of the record can still be read.
void read_member(JsonScanner& scanner, const Member* member, StreamRecord& record,
                 std::string& fault) {
  if (member == nullptr) {
    scanner.skip_value();
    return;
  }
  if (scanner.take_null()) return;
  const std::string_view value = read_value(scanner, *member, fault);
  std::string_view& known = record.*(member->value);
  if (is_present(known))
    fault = fault_of(member->name, "is there twice");
  else
    known = value;
}

/// The name that `token`, which `scanner` gave last, stands for; in `buffer` if it has escapes.
std::string_view plain_name(const JsonScanner& scanner, std::string_view token,
                            std::string& buffer) {
  if (!scanner.string_has_escapes()) return token;
  buffer.clear();
  append_unescaped(buffer, token);
  return buffer;
}

/// Seconds as AWS writes them: digits, a point and at most six more; absent: written another way.
std::optional<Micros> parse_plain_seconds(std::string_view literal) {
  constexpr std::size_t kSecondsDigitsMax = 12;
  const std::size_t whole = std::min(literal.find('.'), literal.size());
  const std::size_t fraction = literal.size() - std::min(literal.size(), whole + 1);
  if (whole == 0 || whole > kSecondsDigitsMax || fraction > kMicrosDigits) return std::nullopt;
  std::int64_t micros = 0;
  for (std::size_t i = 0; i < whole + 1 + kMicrosDigits; ++i) {
    if (i == whole) continue;
    const char digit = i < literal.size() ? literal[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    micros = micros * 10 + (digit - '0');
  }
  return Micros{std::chrono::microseconds{micros}};
}

}  // namespace

void read_stream_record(JsonScanner& scanner, StreamRecord& record) {
  std::string buffer;
  std::string fault;
  bool has_body = false;
  const auto read_inner = [&](std::string_view token) {
    const std::string_view name = plain_name(scanner, token, buffer);
    read_member(scanner, find_member(kInnerMembers, name), record, fault);
  };
  scan_object(scanner, [&](std::string_view token) {
    const std::string_view name = plain_name(scanner, token, buffer);
    if (name == "dynamodb") {
      if (has_body) fault = fault_of(name, "is there twice");
      has_body = true;
      scan_object(scanner, read_inner);
    } else {
      read_member(scanner, find_member(kOuterMembers, name), record, fault);
    }
  });
  if (!fault.empty()) fail(fault);
}

Micros parse_seconds(std::string_view literal) {
  if (const auto plain = parse_plain_seconds(literal)) return *plain;
  std::string number;
  append_canonical_number(number, literal);
  if (number == "0") return Micros{};
  // coefficient * 10^exponent: the micros are its digits up to six behind the point.
  const std::size_t e = number.find('e');
  std::int64_t exponent = 0;
  std::from_chars(number.data() + e + 1, number.data() + number.size(), exponent);
  const std::int64_t digits = static_cast<std::int64_t>(e + kMicrosDigits) + exponent;
  if (digits <= 0) return Micros{};
  number.resize(e);
  number.resize(static_cast<std::size_t>(digits), '0');
  std::int64_t micros = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), micros);
  if (error != std::errc{} || micros < 0)
    fail(fault_of("ApproximateCreationDateTime", "is beyond any time"));
  return Micros{std::chrono::microseconds{micros}};
}

}  // namespace dynamite
