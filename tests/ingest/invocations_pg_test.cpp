#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>

#include "ingest/fixture.hpp"
#include "json/random_item.hpp"
#include "support/natural_json.hpp"

namespace dynamite::test {
namespace {

constexpr std::size_t kInvocations = 1'500;
constexpr std::size_t kRecordsMax = 8;  // of an event
constexpr std::uint64_t kKeys = 24;     // of a table: enough history for each of them
constexpr std::size_t kWindow = 15;     // events that may overtake each other

std::uint64_t seed() {
  const char* given = std::getenv("DYNAMITE_TEST_SEED");
  return given == nullptr ? std::random_device{}() : std::stoull(given);
}

/// Source tables with random items, and the stream records of all that happened to them.
class Source {
 public:
  struct Table {
    std::string name;
    KeySchema keys;
    std::map<std::string, std::string> items;  ///< by key, both DynamoDB JSON
  };

  explicit Source(std::uint64_t seed) : random_{seed} {
    const std::vector<KeySchema> shapes{
        keys(KeyType::S),
        keys(KeyType::N, KeyType::S),
        {.partition = {.name = "item", .type = KeyType::B},
         .sort = KeyAttribute{.name = "_version", .type = KeyType::N}}};
    for (std::size_t i = 0; i < shapes.size(); ++i)
      tables.push_back({.name = fmt::format("Shape.{}", i), .keys = shapes[i], .items = {}});
  }

  /// A random change of a random table.
  std::string next_record() {
    Table& table = tables[random_.engine()() % tables.size()];
    const std::uint64_t number = random_.engine()() % kKeys;
    const std::string key = RandomItems::key(table.keys, number);
    ++sequence_number_;
    if (random_.engine()() % 3 == 0 && table.items.erase(key) > 0)
      return record_of("REMOVE", stream_of(table.name), key, "", sequence_number_);
    std::string item = random_.item(table.keys, number);
    std::string record = record_of(table.items.contains(key) ? "MODIFY" : "INSERT",
                                   stream_of(table.name), key, item, sequence_number_);
    table.items[key] = std::move(item);
    return record;
  }

  std::string next_event() {
    std::vector<std::string> records;
    for (std::size_t i = 1 + random_.engine()() % kRecordsMax; i > 0; --i)
      records.push_back(next_record());
    return event_of(records);
  }

  std::mt19937_64& engine() { return random_.engine(); }

  std::vector<Table> tables;

 private:
  RandomItems random_;
  std::uint64_t sequence_number_ = 0;
};

/// Events as Lambda may hand them over: each at least once, repeated at once or late, and those
/// near each other in any order.
std::vector<std::string> deliveries(Source& source) {
  std::vector<std::string> events;
  while (events.size() < kInvocations * 3 / 4) events.push_back(source.next_event());
  for (std::size_t begin = 0; begin < events.size(); begin += kWindow)
    std::shuffle(
        events.begin() + static_cast<std::ptrdiff_t>(begin),
        events.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kWindow, events.size())),
        source.engine());
  std::vector<std::string> delivered;
  for (std::size_t i = 0; i < events.size(); ++i) {
    delivered.push_back(events[i]);
    if (source.engine()() % 8 == 0) delivered.push_back(events[i]);
    if (source.engine()() % 8 == 0) delivered.push_back(events[source.engine()() % (i + 1)]);
  }
  while (delivered.size() < kInvocations)
    delivered.push_back(events[source.engine()() % events.size()]);
  return delivered;
}

class InvocationsTest : public IngestTest {
 protected:
  std::vector<std::string> items_of(const Replica& replica) {
    const Layout& layout = replica.targets.front().layout;
    const pg::Result found = connection->run(
        fmt::format(R"(SELECT "{}", "{}" FROM {})", layout.values()[0].name,
                    layout.values()[1].name, replica.targets.front().qualified_name()));
    std::vector<std::string> items;
    for (int row = 0; row < found.rows(); ++row)
      items.push_back(dynamodb_json_of(found.at(row, 0), found.text(row, 1).value_or("")));
    std::ranges::sort(items);
    return items;
  }

  static std::vector<std::string> items_of(const Source::Table& table) {
    std::vector<std::string> items;
    for (const auto& [key, item] : table.items) items.push_back(canonical_dynamodb_json(item));
    std::ranges::sort(items);
    return items;
  }
};

TEST_F(InvocationsTest, RepeatedLateAndReorderedEndIdenticalToTheSource) {
  const std::uint64_t seed_used = seed();
  SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", seed_used));
  Source source{seed_used};
  std::vector<Replica> replicas;
  for (const Source::Table& table : source.tables)
    replicas.push_back(make_replica(table.keys, table.name));
  const std::vector<std::string> events = deliveries(source);
  // Two environments of one function, and sometimes a new one.
  std::array handlers{std::make_unique<Ingest>(options()), std::make_unique<Ingest>(options())};

  std::size_t dead_letters = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i % 300 == 299) handlers.front() = std::make_unique<Ingest>(options());
    dead_letters += handle(*handlers[source.engine()() % handlers.size()], events[i]).dead_letters;
  }

  EXPECT_GE(events.size(), kInvocations);
  EXPECT_EQ(dead_letters, 0U);
  for (std::size_t i = 0; i < replicas.size(); ++i)
    EXPECT_EQ(items_of(replicas[i]), items_of(source.tables[i])) << source.tables[i].name;
}

}  // namespace
}  // namespace dynamite::test
