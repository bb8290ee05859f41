#include "decode/stream_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "core/error.hpp"

namespace dynamite {
namespace {

/// The JSON type that is wanted, as the first character of its values; '*': any.
enum class Form : char { string = '"', object = '{', any = '*' };

struct Member {
  std::string_view name;
  std::string_view StreamRecord::*value;
  Form form;
  bool decorates = false;  // a value of another type, or a second one, counts as absent
};

constexpr std::array kOuterMembers{
    Member{"eventName", &StreamRecord::event_name, Form::string},
    Member{"eventSource", &StreamRecord::event_source, Form::string, true},
    Member{"eventSourceARN", &StreamRecord::stream_arn, Form::string},
    Member{"userIdentity", &StreamRecord::user_identity, Form::object, true},
};

constexpr std::array kInnerMembers{
    Member{"Keys", &StreamRecord::keys, Form::object},
    Member{"NewImage", &StreamRecord::new_image, Form::object},
    Member{"OldImage", &StreamRecord::old_image, Form::object, true},
    Member{"SequenceNumber", &StreamRecord::sequence_number, Form::string},
    Member{"StreamViewType", &StreamRecord::view_type, Form::string, true},
    Member{"ApproximateCreationDateTime", &StreamRecord::time, Form::any, true},
};

std::string fault_of(std::string_view member, std::string_view why) {
  return fmt::format("{} of the record {}", member, why);
}

[[noreturn]] void fail(const std::string& fault) { throw Error{Error::Kind::poison, fault}; }

std::string_view read_value(JsonScanner& scanner, const Member& member, std::string& fault) {
  const char first = scanner.peek();
  if (member.form == Form::string && first == '"') return scanner.string();
  const bool is_image =
      member.value == &StreamRecord::new_image || member.value == &StreamRecord::old_image;
  if (is_image && first == '{') return scanner.skip_object();
  if (member.form == Form::any || first == static_cast<char>(member.form))
    return scanner.skip_value();
  scanner.skip_value();
  if (!member.decorates)
    fault = fault_of(member.name, fmt::format("is {}, wanted {}", json_type(first),
                                              json_type(static_cast<char>(member.form))));
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
  if (!is_present(known))
    known = value;
  else if (!member->decorates)
    fault = fault_of(member->name, "is there twice");
}

/// The name that `token`, which `scanner` gave last, stands for; in `buffer` if it has escapes.
std::string_view plain_name(const JsonScanner& scanner, std::string_view token,
                            std::string& buffer) {
  if (!scanner.string_has_escapes()) return token;
  buffer.clear();
  append_unescaped(buffer, token);
  return buffer;
}

}  // namespace

bool is_expiry(const StreamRecord& record) {
  if (!is_present(record.user_identity)) return false;
  bool is_service = false, is_dynamodb = false;
  std::string buffer;
  JsonScanner scanner{record.user_identity};
  scan_object(scanner, [&](std::string_view token) {
    const std::string_view name = plain_name(scanner, token, buffer);
    const bool is_type = name == "type" || name == "Type";
    const bool is_principal = name == "principalId" || name == "PrincipalId";
    if ((!is_type && !is_principal) || scanner.peek() != '"') {
      scanner.skip_value();
      return;
    }
    const std::string_view value = scanner.string();
    if (is_type) is_service = token_is(value, "Service");
    if (is_principal) is_dynamodb = token_is(value, "dynamodb.amazonaws.com");
  });
  return is_service && is_dynamodb;
}

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

}  // namespace dynamite
