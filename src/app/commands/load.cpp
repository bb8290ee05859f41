#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <random>

#include "app/cli/progress.hpp"
#include "app/commands/commands.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "core/sleep.hpp"
#include "core/threads.hpp"
#include "json/random_item.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint32_t kThreads = 4;
constexpr std::size_t kBatch = 25;
constexpr double kDeletes = 0.2;  // of the changes with --duration
constexpr std::string_view kViewType = "NEW_AND_OLD_IMAGES";

/// Random items that also hold what makes a first SQL query interesting.
class OrderItems {
 public:
  OrderItems(std::uint64_t seed, const LoadOptions& options)
      : random_{seed, {.attributes_max = static_cast<int>(options.fields)}} {}

  std::string item(const KeySchema& keys, std::uint64_t number) {
    std::string json = random_.item(keys, number);
    json.pop_back();  // its closing brace
    auto& engine = random_.engine();
    constexpr std::array kStatus{"new", "paid", "shipped"};
    const auto attribute = [&](std::string_view name, char type, const std::string& value) {
      if (keys.has(name)) return;
      json += fmt::format(R"(,"{}":{{"{}":"{}"}})", name, type, value);
    };
    attribute("status", 'S', kStatus[engine() % kStatus.size()]);
    attribute("amount", 'N', fmt::format("{}.{:02}", engine() % 1'000, engine() % 100));
    attribute("customer", 'S', fmt::format("C-{:04}", engine() % 100));
    attribute("created", 'N', std::to_string(1'767'225'600 + engine() % 31'536'000));
    return json + "}";
  }

  std::mt19937_64& engine() { return random_.engine(); }

 private:
  RandomItems random_;
};

/// Writes to one table from several threads.
class Loader {
 public:
  Loader(const Context& context, DynamoDb& dynamodb, TableDescription table)
      : context_{context},
        dynamodb_{dynamodb},
        table_{std::move(table)},
        options_{context.line.load},
        seed_{context.line.load.seed.value_or(std::random_device{}())} {}

  void put_each_once();
  void change_for_a_time();
  std::uint64_t written() const { return written_; }
  std::uint64_t seed() const { return seed_; }

 private:
  void in_threads(
      const std::function<void(std::uint32_t thread, const std::stop_token& stop)>& body);
  bool wait_for_turn(std::size_t writes, const std::stop_token& stop);
  void change_one(OrderItems& random);

  const Context& context_;
  DynamoDb& dynamodb_;
  const TableDescription table_;
  const LoadOptions& options_;
  const std::uint64_t seed_;
  const steady_clock::time_point start_ = steady_clock::now();
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> next_ = 0;  // the number of the next write
};

// After a stop, the command says itself what was written.
void Loader::in_threads(const std::function<void(std::uint32_t, const std::stop_token&)>& body) {
  try {
    run_in_threads(kThreads, context_.stop, body);
  } catch (const Error&) {
    if (!context_.stop.stop_requested()) throw;
  }
}

/// Waits until `--rate` allows the next `writes`; false if the time is over.
bool Loader::wait_for_turn(std::size_t writes, const std::stop_token& stop) {
  const auto end = options_.time ? start_ + *options_.time : steady_clock::time_point::max();
  const std::uint64_t number = next_.fetch_add(writes);
  if (options_.rate) {
    const std::chrono::duration<double> offset{static_cast<double>(number) / *options_.rate};
    const auto due = start_ + std::chrono::duration_cast<steady_clock::duration>(offset);
    if (due >= end) return false;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - steady_clock::now());
    if (wait > 0ms) sleep_for(wait, stop);
  }
  return !stop.stop_requested() && steady_clock::now() < end;
}

void Loader::put_each_once() {
  Progress progress{"load " + table_.name, options_.items};
  std::atomic<std::uint64_t> next_key = 0;
  in_threads([&](std::uint32_t thread, const std::stop_token& stop) {
    OrderItems random{seed_ + thread, options_};
    while (wait_for_turn(kBatch, stop)) {
      const std::uint64_t first = next_key.fetch_add(kBatch);
      if (first >= options_.items) return;
      std::vector<WriteRequest> batch;
      for (std::uint64_t key = first; key < std::min(first + kBatch, options_.items); ++key)
        batch.push_back({.put = random.item(table_.key_schema, key), .remove = ""});
      dynamodb_.batch_write(table_.name, batch, stop);
      progress.update(written_ += batch.size());
    }
  });
  progress.finish(written_);
}

void Loader::change_one(OrderItems& random) {
  const std::uint64_t key = random.engine()() % options_.items;
  std::uniform_real_distribution<double> chance{0, 1};
  if (chance(random.engine()) < kDeletes)
    dynamodb_.delete_item(table_.name, RandomItems::key(table_.key_schema, key), context_.stop);
  else
    dynamodb_.put_item(table_.name, random.item(table_.key_schema, key), context_.stop);
}

void Loader::change_for_a_time() {
  Progress progress{"changes to " + table_.name};
  in_threads([&](std::uint32_t thread, const std::stop_token& stop) {
    OrderItems random{seed_ + thread, options_};
    while (wait_for_turn(1, stop)) {
      change_one(random);
      progress.update(++written_);
    }
  });
  progress.finish(written_);
}

TableDescription table_to_load(const Context& context, DynamoDb& dynamodb) {
  const std::string& name = context.line.tables.front();
  try {
    return dynamodb.describe_table(name, context.stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::gone) throw;
    if (!context.line.load.create)
      throw Error{Error::Kind::usage, fmt::format("there is no table \"{}\"", name),
                  "let load make it: --create \"pk:S,sk:N\""};
  }
  dynamodb.create_table(name, *context.line.load.create, std::string{kViewType}, context.stop);
  for (;;) {
    TableDescription table = dynamodb.describe_table(name, context.stop);
    if (table.status == "ACTIVE") return table;
    sleep_for(500ms, context.stop);
    if (context.stop.stop_requested())
      throw Error{Error::Kind::transient, "stopped before the table was there"};
  }
}

}  // namespace

int run_load(const Context& context) {
  AwsClients aws{context, kRunAttempts};
  const TableDescription table = table_to_load(context, aws.dynamodb());
  Loader loader{context, aws.dynamodb(), table};
  context.line.load.time ? loader.change_for_a_time() : loader.put_each_once();
  if (context.stop.stop_requested())
    throw Error{Error::Kind::transient, fmt::format("stopped after {} writes to \"{}\" (--seed {})",
                                                    loader.written(), table.name, loader.seed())};
  fmt::print("{}: {} {} written (--seed {})\n", table.name, loader.written(),
             context.line.load.time ? "changes" : "items", loader.seed());
  return kExitDone;
}

}  // namespace dynamite
