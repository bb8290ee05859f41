#include "layout/typed_value.hpp"

#include <algorithm>
#include <optional>

#include "core/error.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

std::optional<std::int64_t> as_bigint(std::optional<std::int32_t> value) { return value; }

template <class Value>
TypedValue or_null(const std::optional<Value>& value) {
  return value ? TypedValue{*value} : TypedValue{};
}

bool is_set_column(ColumnType column, std::string_view type) {
  return (column == ColumnType::text_array && type == "SS") ||
         (column == ColumnType::numeric_array && type == "NS") ||
         (column == ColumnType::bytea_array && type == "BS");
}

TypedValue read_boolean(JsonScanner& scanner) {
  const char first = scanner.peek();
  if (first != 't' && first != 'f') return {};
  scanner.literal();
  return first == 't';
}

std::vector<std::string_view> views(const std::vector<SetMember>& members,
                                    std::string SetMember::*member) {
  std::vector<std::string_view> list;
  for (const SetMember& each : members) list.emplace_back(each.*member);
  return list;
}

std::vector<pg::Decimal> decimals(const std::vector<SetMember>& members) {
  std::vector<pg::Decimal> list;
  for (const SetMember& each : members) list.push_back(pg::canonical_decimal(each.order));
  return list;
}

}  // namespace

std::string_view take_type(JsonScanner& scanner) {
  if (scanner.take_type_of_one_letter() != '\0') return {scanner.position() - 3, 1};
  if (!scanner.take('{') || scanner.peek() != '"') return {};
  const std::string_view type = scanner.string();
  return scanner.take(':') ? type : std::string_view{};
}

std::string& TypedValues::keep() {
  if (kept_used_ == kept_.size()) kept_.emplace_back();
  std::string& text = kept_[kept_used_++];
  text.clear();
  return text;
}

std::string_view TypedValues::plain_string(JsonScanner& scanner) {
  const std::string_view token = scanner.string();
  if (!scanner.string_has_escapes()) return token;
  std::string& text = keep();
  append_unescaped(text, token);
  return text;
}

TypedValue TypedValues::read(JsonScanner& scanner, const AttributeColumn& column) {
  const std::string_view type = take_type(scanner);
  TypedValue value;
  if (type == "S")
    value = read_string(scanner, column);
  else if (type == "N")
    value = read_number(scanner, column);
  else if (type == "BOOL" && column.type == ColumnType::boolean)
    value = read_boolean(scanner);
  else if (type == "B" && column.type == ColumnType::bytea)
    value = read_binary(scanner);
  else if (is_set_column(column.type, type))
    value = read_members(scanner, type);
  if (value.index() == 0 || !scanner.take('}')) return {};
  return value;
}

TypedValue TypedValues::read_string(JsonScanner& scanner, const AttributeColumn& column) {
  std::string_view text = plain_string(scanner);
  if (column.take) {
    const auto part = column.take->take(text);
    if (!part) return {};
    text = *part;
  }
  switch (column.type) {
    case ColumnType::text:
      return fits_text(text) ? TypedValue{text} : TypedValue{};
    case ColumnType::numeric:  // a whole attribute of type S stays one
      return column.take ? or_null(numeric_of_text(text, keep())) : TypedValue{};
    case ColumnType::bigint:
      return or_null(bigint_of_text(text));
    case ColumnType::integer:
      return or_null(as_bigint(integer_of_text(text)));
    case ColumnType::double_precision:
      return or_null(double_of_text(text));
    case ColumnType::timestamptz:
      return or_null(timestamptz_of_text(text));
    case ColumnType::date:
      return or_null(as_bigint(date_of_text(text)));
    case ColumnType::uuid:
      return uuid(text);
    default:
      return {};
  }
}

TypedValue TypedValues::uuid(std::string_view text) {
  const auto found = uuid_of_text(text);
  if (!found) return {};
  std::string& bytes = keep();
  bytes.assign(found->begin(), found->end());
  return std::string_view{bytes};
}

TypedValue TypedValues::read_number(JsonScanner& scanner, const AttributeColumn& column) {
  const std::string_view number = plain_string(scanner);
  switch (column.type) {
    case ColumnType::numeric:
      return or_null(numeric_of_number(number, keep()));
    case ColumnType::bigint:
      return or_null(bigint_of_number(number));
    case ColumnType::integer:
      return or_null(as_bigint(integer_of_number(number)));
    case ColumnType::double_precision:
      return or_null(double_of_number(number));
    case ColumnType::timestamptz:
      return or_null(timestamptz_of_number(number, column.unit));
    default:
      return {};
  }
}

TypedValue TypedValues::read_binary(JsonScanner& scanner) {
  const std::string_view text = plain_string(scanner);
  if (!is_base64(text)) return {};
  std::string& bytes = keep();
  append_base64_decoded(bytes, text);
  return std::string_view{bytes};
}

TypedValue TypedValues::read_members(JsonScanner& scanner, std::string_view type) {
  if (sets_used_ == sets_.size()) sets_.emplace_back();
  std::vector<SetMember>& members = sets_[sets_used_++];
  members = read_set(scanner, type);
  const bool storable = type != "SS" || std::ranges::all_of(members, fits_text, &SetMember::text);
  return storable ? TypedValue{&members} : TypedValue{};
}

void write(pg::RowSink& row, ColumnType type, const TypedValue& value, std::string_view json) {
  if (value.index() == 0) return row.null();
  const auto bytes = [&] { return std::get<std::string_view>(value); };
  const auto whole = [&] { return std::get<std::int64_t>(value); };
  const auto members = [&]() -> const auto& {
    return *std::get<const std::vector<SetMember>*>(value);
  };
  switch (type) {
    case ColumnType::text:
      return row.text(bytes());
    case ColumnType::numeric:
      return row.numeric(std::get<pg::Decimal>(value));
    case ColumnType::bytea:
      return row.bytea(bytes());
    case ColumnType::jsonb: {
      const JsonPart part = std::get<JsonPart>(value);
      return row.json(json.substr(part.begin, part.size));
    }
    case ColumnType::timestamptz:
      return row.timestamptz(whole());
    case ColumnType::integer:
      return row.integer(static_cast<std::int32_t>(whole()));
    case ColumnType::boolean:
      return row.boolean(std::get<bool>(value));
    case ColumnType::bigint:
      return row.bigint(whole());
    case ColumnType::double_precision:
      return row.double_precision(std::get<double>(value));
    case ColumnType::date:
      return row.date(static_cast<std::int32_t>(whole()));
    case ColumnType::uuid:
      return row.uuid(std::span<const unsigned char, 16>{
          reinterpret_cast<const unsigned char*>(bytes().data()), 16});
    case ColumnType::text_array:
      return row.text_array(views(members(), &SetMember::text));
    case ColumnType::numeric_array:
      return row.numeric_array(decimals(members()));
    case ColumnType::bytea_array:
      return row.bytea_array(views(members(), &SetMember::order));
  }
}

}  // namespace dynamite
