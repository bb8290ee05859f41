#include "events.hpp"

#include <fmt/format.h>

#include <random>
#include <string_view>

#include "mapping/new_columns.hpp"
#include "mapping/writer.hpp"

namespace dynamite::bench {
namespace {

constexpr std::uint64_t kEntities = 10;
constexpr std::string_view kTableArn = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders";

std::string letters(std::mt19937_64& random, std::size_t count) {
  std::string text;
  text.reserve(count);
  for (std::uint64_t bits = 0; text.size() < count; bits >>= 6U) {
    if (text.size() % 10 == 0) bits = random();
    text += "abcdefghijklmnopqrstuvwxyz aeiou ABCDEFGHIJKLMNOPQRSTUVWXYZ.,12"[bits % 63];
  }
  return text;
}

/// Customers are in no order; their ten orders are neighbours, each of another entity.
std::string key_of(std::uint64_t number) {
  const std::uint64_t customer = number / kEntities * 2'654'435'761U % 4'294'967'296U;
  return fmt::format(R"("pk":{{"S":"customer#{:010}"}},"sk":{{"S":"order{}#{:012}"}})", customer,
                     number % kEntities, number);
}

std::string order_line(std::mt19937_64& random) {
  return fmt::format(
      R"({{"M":{{"sku":{{"S":"SKU-{:08}"}},"quantity":{{"N":"{}"}},"price":{{"N":"{}.{:02}"}}}}}})",
      random() % 100'000'000, random() % 20, random() % 1'000, random() % 100);
}

std::string small_item(std::uint64_t number, std::mt19937_64& random) {
  return fmt::format(
      R"({{{},"status":{{"S":"{}"}},"total":{{"N":"{}.{:02}"}},"created_at":{{"N":"{}"}},)"
      R"("paid":{{"BOOL":{}}},"note":{{"S":"{}"}}}})",
      key_of(number), random() % 2 == 0 ? "shipped" : "pending", random() % 100'000, random() % 100,
      1'768'000'000'000 + random() % 1'000'000'000, random() % 2 == 0, letters(random, 60));
}

std::string address(std::mt19937_64& random) {
  return fmt::format(
      R"({{"M":{{"street":{{"S":"{}"}},"city":{{"S":"{}"}},"zip":{{"S":"{:05}"}},)"
      R"("location":{{"M":{{"lat":{{"N":"{}.{:06}"}},"lon":{{"N":"-{}.{:06}"}}}}}}}}}})",
      letters(random, 24), letters(random, 12), random() % 100'000, random() % 90,
      random() % 1'000'000, random() % 180, random() % 1'000'000);
}

std::string large_item(std::uint64_t number, std::size_t description, std::mt19937_64& random) {
  return fmt::format(
      R"({{{},"status":{{"S":"{}"}},"email":{{"S":"{}@example.com"}},"total":{{"N":"{}.{:02}"}},)"
      R"("created_at":{{"N":"{}"}},"paid":{{"BOOL":{}}},"coupon":{{"NULL":true}},)"
      R"("note":{{"S":"{}"}},"description":{{"S":"{}"}},"tracking":{{"S":"{:032x}"}},)"
      R"("address":{},"lines":{{"L":[{},{},{}]}}}})",
      key_of(number), random() % 2 == 0 ? "shipped" : "pending", "jo.bloggs", random() % 100'000,
      random() % 100, 1'768'000'000'000 + random() % 1'000'000'000, random() % 2 == 0,
      letters(random, 180), letters(random, description), random(), address(random),
      order_line(random), order_line(random), order_line(random));
}

std::string typed_item(std::uint64_t number, std::mt19937_64& random) {
  return fmt::format(
      R"({{{},"status":{{"S":"{}"}},"email":{{"S":"{}@example.com"}},"currency":{{"S":"EUR"}},)"
      R"("note":{{"S":"{}"}},"description":{{"S":"{}"}},"tracking":{{"S":"{:032x}"}},)"
      R"("total":{{"N":"{}.{:02}"}},"shipping":{{"N":"{}.{:02}"}},"created_at":{{"N":"{}"}},)"
      R"("paid":{{"BOOL":{}}},"address":{},"lines":{{"L":[{},{},{}]}}}})",
      key_of(number), random() % 2 == 0 ? "shipped" : "pending", "jo.bloggs", letters(random, 180),
      letters(random, 300), random(), random() % 100'000, random() % 100, random() % 10,
      random() % 100, 1'768'000'000'000 + random() % 1'000'000'000, random() % 2 == 0,
      address(random), order_line(random), order_line(random), order_line(random));
}

std::string entity_item(std::uint64_t number, std::mt19937_64& random) {
  std::string item = typed_item(number, random);
  item.pop_back();
  return fmt::format(R"({},"entity":{{"S":"order{}"}}}})", item, number % kEntities);
}

/// Of each ten attributes one: six strings, three numbers, a boolean.
std::string wide_item(std::uint64_t number, std::mt19937_64& random) {
  std::string item = "{" + key_of(number);
  for (int kind = 0; kind < 10; ++kind) {
    item += fmt::format(R"(,"attribute_{}{}":)", kind, random() % 10);
    if (kind < 6)
      item += fmt::format(R"({{"S":"{}"}})", letters(random, 45));
    else if (kind < 9)
      item += fmt::format(R"({{"N":"{}.{:02}"}})", random() % 100'000, random() % 100);
    else
      item += fmt::format(R"({{"BOOL":{}}})", random() % 2 == 0);
  }
  return item + "}";
}

std::string item_of(ItemSize size, std::uint64_t number, std::mt19937_64& random) {
  switch (size) {
    case ItemSize::bytes_200:
      return small_item(number, random);
    case ItemSize::bytes_1k:
      return large_item(number, 300, random);
    case ItemSize::bytes_4k:
      return large_item(number, 3'370, random);
    case ItemSize::typed:
      return typed_item(number, random);
    case ItemSize::wide:
      return wide_item(number, random);
    case ItemSize::entities:
    case ItemSize::scattered:
      return entity_item(number, random);
  }
  return {};
}

/// What one record does.
struct Write {
  std::uint64_t number;  ///< of the item
  const char* event_name;
};

Write write_of(const EventShape& shape, std::uint64_t index, std::uint64_t round_records) {
  const std::uint64_t fresh = shape.round * round_records + index;
  if (shape.writes == Writes::ins) return {fresh, "INSERT"};
  if (shape.writes == Writes::upd) return {index, "MODIFY"};
  if (shape.writes == Writes::del) return {fresh - round_records, "REMOVE"};
  // Of each ten records of the round before, which put ten or six new items, the first is removed
  // and three others are put anew.
  const std::uint64_t before = fresh - round_records;
  switch (index % 10) {
    case 6:
    case 7:
    case 8:
      return {before - 5, "MODIFY"};
    case 9:
      return {before - 9, "REMOVE"};
    default:
      return {fresh, "INSERT"};
  }
}

/// Another order of the items of each round, in which neighbours are far from one another.
std::uint64_t scatter(std::uint64_t number, std::uint64_t round_records) {
  constexpr std::uint64_t kStride = 7'919;  // a prime: each item has a place of its own
  return number / round_records * round_records + number % round_records * kStride % round_records;
}

std::string record_of(const EventShape& shape, std::uint64_t index, std::uint64_t round_records,
                      std::mt19937_64& random) {
  auto [number, event_name] = write_of(shape, index, round_records);
  if (shape.size == ItemSize::scattered) number = scatter(number, round_records);
  const bool has_old = shape.size == ItemSize::entities || shape.size == ItemSize::scattered;
  std::string images;
  if (event_name[0] != 'R')
    images += fmt::format("\"NewImage\":{},", item_of(shape.size, number, random));
  if (has_old && event_name[0] != 'I')
    images += fmt::format("\"OldImage\":{},", item_of(shape.size, number, random));
  return fmt::format(
      R"({{"eventID":"{:032x}","eventName":"{}","eventVersion":"1.1",)"
      R"("eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{{)"
      R"("ApproximateCreationDateTime":1768478400.0,"Keys":{{{}}},{}"SequenceNumber":"{:021}",)"
      R"("SizeBytes":1200,"StreamViewType":"{}"}},)"
      R"("eventSourceARN":"{}/stream/2026-01-15T12:00:00.123"}})",
      random(), event_name, key_of(number), images, shape.round * round_records + index + 1,
      has_old ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE", kTableArn);
}

std::uint64_t records_of_round(const EventShape& shape) {
  return shape.round_records == 0 ? shape.records : shape.round_records;
}

std::mt19937_64 random_of(const EventShape& shape) {
  return std::mt19937_64{shape.round * records_of_round(shape) + shape.first + 1};
}

}  // namespace

const std::map<std::string, ItemSize>& item_sizes() {
  static const std::map<std::string, ItemSize> sizes{
      {"200B", ItemSize::bytes_200},     {"1KB", ItemSize::bytes_1k},
      {"4KB", ItemSize::bytes_4k},       {"typed", ItemSize::typed},
      {"wide", ItemSize::wide},          {"entities", ItemSize::entities},
      {"scattered", ItemSize::scattered}};
  return sizes;
}

std::string lambda_event(const EventShape& shape) {
  std::mt19937_64 random = random_of(shape);
  std::string event = R"({"Records":[)";
  for (std::uint64_t i = 0; i < shape.records; ++i) {
    if (i > 0) event += ',';
    event += record_of(shape, shape.first + i, records_of_round(shape), random);
  }
  return event + "]}";
}

// As a promotion makes them of what was seen.
Mapping columns_of(ItemSize size) {
  constexpr std::uint64_t kSeenItems = 1'000;
  Mapping mapping{.rules = {.layout = LayoutKind::columns}, .columns = {}};
  const KeySchema keys = event_table()->key_schema;
  const auto writer = writer_of(mapping.rules, mapping.layout(keys));
  std::mt19937_64 random{1};
  for (std::uint64_t number = 0; number < kSeenItems; ++number)
    writer->read(item_of(size, number, random), nullptr);
  mapping.columns = new_columns(mapping, keys, writer->take_notes());
  return mapping;
}

std::vector<std::string> entities_by_key() {
  std::vector<std::string> clauses;
  for (std::uint64_t entity = 0; entity < kEntities; ++entity)
    clauses.push_back(fmt::format("begins_with(sk, 'order{}#')", entity));
  return clauses;
}

std::vector<std::string> entities_by_attribute() {
  std::vector<std::string> clauses;
  for (std::uint64_t entity = 0; entity < kEntities; ++entity)
    clauses.push_back(fmt::format("entity = 'order{}'", entity));
  return clauses;
}

std::string scan_page(const EventShape& shape) {
  std::mt19937_64 random = random_of(shape);
  std::string page = R"({"Items":[)";
  for (std::uint64_t i = 0; i < shape.records; ++i) {
    if (i > 0) page += ',';
    page += item_of(shape.size, write_of(shape, shape.first + i, records_of_round(shape)).number,
                    random);
  }
  page += fmt::format(R"(],"Count":{0},"ScannedCount":{0})", shape.records);
  if (shape.first + shape.records < records_of_round(shape))
    page += fmt::format(R"(,"LastEvaluatedKey":{{{}}})", key_of(shape.first + shape.records));
  return page + "}";
}

std::shared_ptr<const SourceTable> event_table() {
  return std::make_shared<const SourceTable>(
      SourceTable{.arn = std::string{kTableArn},
                  .key_schema = {.partition = {.name = "pk", .type = KeyType::S},
                                 .sort = KeyAttribute{.name = "sk", .type = KeyType::S}}});
}

}  // namespace dynamite::bench
