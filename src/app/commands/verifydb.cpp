#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/wiring/ingest.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "decode/scan_page.hpp"
#include "ingest/ingest.hpp"
#include "json/item_key.hpp"
#include "json/random_item.hpp"
#include "json/text.hpp"
#include "replica/change/promotion.hpp"
#include "replica/comparison.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kGhostsShown = 100;
constexpr auto kEventTime = std::chrono::minutes{1};  // for one event of at most kBatchMax records
constexpr auto kPromotionMax = std::chrono::seconds{20};
constexpr auto kDropMax = std::chrono::seconds{3};  // also after a stop
constexpr std::size_t kBatchMax = 10;
constexpr double kRedelivered = 0.2;  // of the events
constexpr double kRemoves = 0.25;     // of the changes of an item that is there
constexpr std::string_view kLabel = "2026-01-15T12:00:00.000";
const KeySchema kKeys{{"id", KeyType::S}, KeyAttribute{"number", KeyType::N}};

/// A table that is nowhere but in this test: an ARN that no account has.
TableDescription test_table(std::mt19937_64& random) {
  TableDescription table;
  table.name = fmt::format("dynamite_verify_{:016x}", random());
  table.arn = "arn:aws:dynamodb:verifydb:000000000000:table/" + table.name;
  table.key_schema = kKeys;
  return table;
}

/// What the table must hold, and the stream records that say so.
class Model {
 public:
  Model(std::uint64_t seed, std::uint64_t items, std::string stream_arn)
      : random_{seed}, items_{items}, stream_arn_{std::move(stream_arn)} {}

  /// The next change of a random key, as a stream record.
  std::string next_record() {
    const std::uint64_t number = random_.engine()() % items_;
    const std::string key = RandomItems::key(kKeys, number);
    const auto there = state_.find(key);
    const bool removes = there != state_.end() && chance() < kRemoves;
    const std::string_view event = there == state_.end() ? "INSERT" : removes ? "REMOVE" : "MODIFY";
    std::string image;
    if (!removes) {
      const std::string item = random_.item(kKeys, number);
      image = ",\"NewImage\":" + item;
      state_[key] = item;
    } else {
      state_.erase(there);
    }
    ++sequence_;
    return fmt::format(
        R"({{"eventID":"{0}","eventName":"{1}","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
        R"("awsRegion":"verifydb","dynamodb":{{"ApproximateCreationDateTime":{2},"Keys":{3}{4},)"
        R"("SequenceNumber":"{5:021}","SizeBytes":0,"StreamViewType":"NEW_AND_OLD_IMAGES"}},)"
        R"("eventSourceARN":{6}}})",
        sequence_, event, 1'768'478'400 + sequence_, key, image, sequence_,
        json_string(stream_arn_));
  }

  double chance() { return std::uniform_real_distribution<double>{0, 1}(random_.engine()); }
  std::size_t batch_size() { return 1 + random_.engine()() % kBatchMax; }
  const std::map<std::string, std::string>& state() const { return state_; }

 private:
  RandomItems random_;
  std::uint64_t items_;
  std::string stream_arn_;
  std::uint64_t sequence_ = 0;
  std::map<std::string, std::string> state_;  // item by key, both DynamoDB JSON
};

std::string event_of(const std::vector<std::string>& records) {
  return fmt::format("{{\"Records\":[{}]}}", fmt::join(records, ","));
}

/// Feeds the records to Ingest, as Lambda does: some events twice, and some again later.
std::uint64_t feed(const Context& context, Ingest& ingest, Model& model,
                   const std::function<void()>& halfway) {
  const std::uint64_t events = context.line.verify.events;
  std::uint64_t processed = 0;
  std::string late;  // an event that comes again after newer ones
  bool was_halfway = false;
  const auto deliver = [&](const std::string& event) {
    ingest.handle(event, std::chrono::system_clock::now() + kEventTime, context.stop);
  };
  while (processed < events) {
    std::vector<std::string> records;
    const std::size_t size = std::min<std::size_t>(model.batch_size(), events - processed);
    while (records.size() < size) records.push_back(model.next_record());
    for (const std::string& record : records) fmt::print("{}\n", record);
    const std::string event = event_of(records);
    deliver(event);
    if (model.chance() < kRedelivered) deliver(event);
    if (!late.empty() && model.chance() < kRedelivered) deliver(late);
    if (late.empty() || model.chance() < kRedelivered) late = event;
    processed += records.size();
    if (processed >= events / 2 && !std::exchange(was_halfway, true)) halfway();
  }
  return processed;
}

/// The model's items as a scanned page holds them.
std::string page_of(const std::map<std::string, std::string>& state) {
  std::vector<std::string_view> items;
  items.reserve(state.size());
  for (const auto& [key, item] : state) items.emplace_back(item);
  return fmt::format("{{\"Items\":[{}],\"Count\":{}}}", fmt::join(items, ","), items.size());
}

/// Prints what differs and returns how much.
std::size_t compare(pg::Connection& connection, const Replica& replica, const Model& model) {
  Comparison comparison{connection, replica};
  comparison.follow_mapping();
  const ScanPage page = decode_scan_page(page_of(model.state()), replica.source, Micros{});
  std::vector<Suspect> suspects = comparison.page(page.batch);
  for (Suspect& ghost : comparison.ghosts(model.state().size() + kGhostsShown))
    suspects.push_back(std::move(ghost));
  for (const Suspect& suspect : suspects) {
    const std::string_view what = suspect.difference == Difference::missing     ? "missing"
                                  : suspect.difference == Difference::different ? "different"
                                  : suspect.difference == Difference::ghost     ? "not removed"
                                                                                : "not storable";
    fmt::print("{}: {}\n", what,
               suspect.key.empty() ? "a key that cannot be read"
                                   : key_json(suspect.key, replica.source->key_schema));
  }
  return suspects.size();
}

/// Drops the test table at the end, also after an error.
class TestReplica {
 public:
  TestReplica(pg::Connection& connection, Replica replica, bool keep)
      : connection_{connection}, replica_{std::move(replica)}, keep_{keep} {}
  TestReplica(const TestReplica&) = delete;
  TestReplica& operator=(const TestReplica&) = delete;
  ~TestReplica() {
    if (keep_) return;
    connection_.ignore_stop();
    connection_.limit_to(std::chrono::steady_clock::now() + kDropMax);
    try {
      // The test table is ours to drop. No other replica is.
      Planner planner{connection_, replica_.state_schema};
      planner.execute(planner.plan_drop(replica_));
    } catch (const Error& error) {
      spdlog::warn("could not drop replica={} reason={}", log_value(replica_.qualified_names()),
                   in_quotes(error.what()));
    }
  }
  const Replica& operator*() const noexcept { return replica_; }

 private:
  pg::Connection& connection_;
  Replica replica_;
  bool keep_;
};

}  // namespace

int run_verifydb(const Context& context) {
  const std::uint64_t seed = context.line.verify.seed.value_or(std::random_device{}());
  std::mt19937_64 names{std::random_device{}()};
  const TableDescription table = test_table(names);
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "verifydb"), context.stop);
  const TestReplica replica{connection,
                            ensure_replica(connection, context.config, table, context.stop),
                            context.line.verify.keep};
  spdlog::info("testing replica={} seed={}", log_value((*replica).qualified_names()), seed);

  Model model{seed, context.line.verify.items, fmt::format("{}/stream/{}", table.arn, kLabel)};
  Ingest ingest{ingest_options(context, "verifydb")};
  const std::uint64_t processed = feed(context, ingest, model, [&] {
    promote(connection, *replica, std::chrono::steady_clock::now() + kPromotionMax, context.stop);
  });
  const std::size_t differences = compare(connection, *replica, model);
  if (differences > 0) {
    fmt::print("{} differences after {} records (--seed {})\n", differences, processed, seed);
    return kExitFailed;
  }
  fmt::print("Successfully processed {} records.\n", processed);
  return kExitDone;
}

}  // namespace dynamite
