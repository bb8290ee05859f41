#include "events.hpp"

#include <fmt/format.h>

#include <random>
#include <string_view>

namespace dynamite::bench {
namespace {

constexpr std::string_view kTableArn = "arn:aws:dynamodb:us-east-1:111122223333:table/Orders";

std::string letters(std::mt19937_64& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += random() % 7 == 0 ? ' ' : static_cast<char>('a' + random() % 26);
  return text;
}

std::string key_of(std::uint64_t number) {
  return fmt::format(R"("pk":{{"S":"customer#{:06}"}},"sk":{{"S":"order#{:012}"}})", number / 10,
                     number);
}

std::string order_line(std::mt19937_64& random) {
  return fmt::format(
      R"({{"M":{{"sku":{{"S":"SKU-{:08}"}},"quantity":{{"N":"{}"}},"price":{{"N":"{}.{:02}"}}}}}})",
      random() % 100'000'000, random() % 20, random() % 1'000, random() % 100);
}

std::string item_of(std::uint64_t number, std::mt19937_64& random) {
  return fmt::format(
      R"({{{},"status":{{"S":"{}"}},"email":{{"S":"{}@example.com"}},"total":{{"N":"{}.{:02}"}},)"
      R"("created_at":{{"N":"{}"}},"paid":{{"BOOL":{}}},"coupon":{{"NULL":true}},)"
      R"("note":{{"S":"{}"}},"description":{{"S":"{}"}},"tracking":{{"S":"{:032x}"}},)"
      R"("address":{{"M":{{"street":{{"S":"{}"}},"city":{{"S":"{}"}},"zip":{{"S":"{:05}"}},)"
      R"("location":{{"M":{{"lat":{{"N":"{}.{:06}"}},"lon":{{"N":"-{}.{:06}"}}}}}}}}}},)"
      R"("lines":{{"L":[{},{},{}]}}}})",
      key_of(number), random() % 2 == 0 ? "shipped" : "pending", letters(random, 12),
      random() % 100'000, random() % 100, 1'768'000'000'000 + random() % 1'000'000'000,
      random() % 2 == 0, letters(random, 180), letters(random, 300), random(), letters(random, 24),
      letters(random, 12), random() % 100'000, random() % 90, random() % 1'000'000, random() % 180,
      random() % 1'000'000, order_line(random), order_line(random), order_line(random));
}

std::string record_of(const EventShape& shape, std::uint64_t index, std::mt19937_64& random) {
  const bool removed = index % 100 < shape.removes_percent;
  const std::uint64_t number = shape.first_key + index;
  const std::string image =
      removed ? std::string{} : fmt::format("\"NewImage\":{},", item_of(number, random));
  return fmt::format(
      R"({{"eventID":"{:032x}","eventName":"{}","eventVersion":"1.1",)"
      R"("eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{{)"
      R"("ApproximateCreationDateTime":1768478400.0,"Keys":{{{}}},{}"SequenceNumber":"{:021}",)"
      R"("SizeBytes":1200,"StreamViewType":"NEW_IMAGE"}},)"
      R"("eventSourceARN":"{}/stream/2026-01-15T12:00:00.123"}})",
      random(), removed ? "REMOVE" : "MODIFY", key_of(number), image,
      shape.first_sequence_number + index, kTableArn);
}

}  // namespace

std::string lambda_event(const EventShape& shape) {
  std::mt19937_64 random{shape.seed};
  std::string event = R"({"Records":[)";
  for (std::uint64_t index = 0; index < shape.records; ++index) {
    if (index > 0) event += ',';
    event += record_of(shape, index, random);
  }
  return event + "]}";
}

std::shared_ptr<const SourceTable> event_table() {
  return std::make_shared<const SourceTable>(
      SourceTable{.arn = std::string{kTableArn},
                  .key_schema = {.partition = {.name = "pk", .type = KeyType::S},
                                 .sort = KeyAttribute{.name = "sk", .type = KeyType::S}}});
}

}  // namespace dynamite::bench
