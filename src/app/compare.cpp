#include <fmt/format.h>

#include <array>
#include <mutex>
#include <thread>
#include <vector>

#include "app/commands.hpp"
#include "app/connect_options.hpp"
#include "app/progress.hpp"
#include "app/replicas.hpp"
#include "app/source_tables.hpp"
#include "core/error.hpp"
#include "core/sleep.hpp"
#include "replica/comparison.hpp"
#include "source/read_rate.hpp"
#include "source/segment_reader.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kAttempts = 10;
constexpr std::size_t kKeysShown = 10;
// A follower polls once a second at the slowest: when nothing settles for this long, the rest
// differs.
constexpr auto kSettleTime = 5s;
constexpr auto kSettlePause = 300ms;

struct Counts {
  std::uint64_t items = 0;
  std::array<std::uint64_t, 5> of{};  // by Difference
  std::vector<std::string> keys;      // the first ones

  std::uint64_t differences() const {
    return of[static_cast<std::size_t>(Difference::missing)] +
           of[static_cast<std::size_t>(Difference::different)] +
           of[static_cast<std::size_t>(Difference::ghost)] +
           of[static_cast<std::size_t>(Difference::unstorable)];
  }
};

/// Compares one table. The segments are read in parallel; PostgreSQL is asked over one connection.
class TableCompare {
 public:
  TableCompare(const Context& context, DynamoDb& dynamodb, const TableDescription& description,
               const ReplicaTable& replica)
      : context_{context},
        dynamodb_{dynamodb},
        description_{description},
        replica_{replica},
        connection_{pg::Connection::open(connect_options(context, "compare"), context.stop)},
        comparison_{connection_, replica_},
        rate_{context.config.max_read_units},
        progress_{"compare " + description.name, description.item_count} {}

  Counts run() {
    scan_all();
    for (Suspect& ghost : comparison_.ghosts()) suspects_.push_back(std::move(ghost));
    settle();
    for (const Suspect& suspect : suspects_) count(suspect);
    progress_.finish(counts_.items);
    return counts_;
  }

 private:
  void scan_all();
  void scan_segment(std::int32_t segment, const std::stop_token& stop);
  void settle();
  void count(const Suspect& suspect);
  void require_not_stopped() const {
    if (context_.stop.stop_requested())
      throw Error{Error::Kind::transient, "the comparison was stopped"};
  }

  const Context& context_;
  DynamoDb& dynamodb_;
  const TableDescription& description_;
  const ReplicaTable& replica_;
  pg::Connection connection_;
  Comparison comparison_;
  ReadRate rate_;
  Progress progress_;
  std::mutex mutex_;  // guards all below, and the connection
  std::vector<Suspect> suspects_;
  Counts counts_;
  std::exception_ptr failure_;
};

void TableCompare::scan_all() {
  std::stop_source stop;
  std::stop_callback forward{context_.stop, [&] { stop.request_stop(); }};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t segment = 0; segment < context_.config.segments; ++segment)
      threads.emplace_back([&, segment] {
        try {
          scan_segment(static_cast<std::int32_t>(segment), stop.get_token());
        } catch (const Error&) {
          const std::scoped_lock lock{mutex_};
          if (!failure_) failure_ = std::current_exception();
          stop.request_stop();
        }
      });
  }
  if (failure_) std::rethrow_exception(failure_);
  require_not_stopped();
}

void TableCompare::scan_segment(std::int32_t segment, const std::stop_token& stop) {
  SegmentReader reader{dynamodb_,
                       {.table = replica_.source,
                        .segment = segment,
                        .total_segments = static_cast<std::int32_t>(context_.config.segments)},
                       ""};
  for (bool finished = false; !finished && !stop.stop_requested();) {
    const auto wait = rate_.next() - steady_clock::now();
    if (wait > 0s) sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(wait), stop);
    const Turn turn = reader.next(stop);
    rate_.spend(turn.capacity_units, steady_clock::now());
    finished = turn.finished;
    const std::scoped_lock lock{mutex_};
    for (Suspect& suspect : comparison_.page(*turn.batch)) suspects_.push_back(std::move(suspect));
    counts_.items += turn.batch->changes.size();
    progress_.update(counts_.items);
  }
}

// What changed between the two reads is no difference: read both again until they agree.
void TableCompare::settle() {
  auto improved = steady_clock::now();
  while (!suspects_.empty() && steady_clock::now() - improved < kSettleTime) {
    const std::size_t before = suspects_.size();
    for (Suspect& suspect : suspects_) {
      require_not_stopped();
      if (suspect.difference == Difference::unstorable) continue;
      suspect.difference = comparison_.recheck(
          suspect,
          dynamodb_.get_item(description_.name, comparison_.key_json(suspect), context_.stop));
    }
    std::erase_if(suspects_, [](const Suspect& s) { return s.difference == Difference::none; });
    if (suspects_.size() < before) improved = steady_clock::now();
    if (!suspects_.empty()) sleep_for(kSettlePause, context_.stop);
  }
}

void TableCompare::count(const Suspect& suspect) {
  ++counts_.of[static_cast<std::size_t>(suspect.difference)];
  if (counts_.keys.size() < kKeysShown && suspect.difference != Difference::unstorable)
    counts_.keys.push_back(comparison_.key_json(suspect));
}

void print(const TableDescription& table, const Counts& counts) {
  const auto of = [&](Difference d) { return counts.of[static_cast<std::size_t>(d)]; };
  if (counts.differences() == 0) {
    fmt::print("{}: {} items, identical\n", table.name, counts.items);
    return;
  }
  fmt::print("{}: {} items, {} missing, {} different, {} ghosts, {} that PostgreSQL cannot hold\n",
             table.name, counts.items, of(Difference::missing), of(Difference::different),
             of(Difference::ghost), of(Difference::unstorable));
  for (const std::string& key : counts.keys) fmt::print("  {}\n", key);
}

std::optional<ReplicaTable> registered_replica(const Context& context,
                                               const TableDescription& description) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "compare"), context.stop);
  Catalogue catalogue{connection, context.config.state_schema};
  catalogue.require_usable();
  return catalogue.find(description.arn);
}

}  // namespace

int run_compare(const Context& context) {
  Source source{context, kAttempts};
  Counts total;
  const auto tables = select_tables_to_read(context, source.dynamodb(), false);
  std::size_t compared = 0;
  for (const auto& [description, by_name] : tables) {
    const std::optional<ReplicaTable> replica = registered_replica(context, description);
    if (!replica) {
      if (by_name)
        throw Error{Error::Kind::usage, fmt::format("\"{}\" has no replica", description.name),
                    "run `dynamite bootstrap`, then `dynamite replicate`"};
      fmt::print("{}: no replica, skipped\n", description.name);
      continue;
    }
    ++compared;
    const Counts counts = TableCompare{context, source.dynamodb(), description, *replica}.run();
    print(description, counts);
    total.items += counts.items;
    for (std::size_t i = 0; i < total.of.size(); ++i) total.of[i] += counts.of[i];
  }
  if (total.differences() > 0) {
    fmt::print("{} differences in {} tables\n", total.differences(), compared);
    return kExitDiffers;
  }
  fmt::print("identical: {} items in {} tables\n", total.items, compared);
  return kExitDone;
}

}  // namespace dynamite
