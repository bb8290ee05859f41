// DynamoDB and its streams in memory, on a port of 127.0.0.1, for trying things by hand.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <random>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "sim/faults.hpp"
#include "support/http_server.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::uint64_t seed = std::random_device{}();
  unsigned faults = 0;
  unsigned oddities = 0;
  unsigned roll_seconds = 0;
  bool counts = false;
};

/// One service for all connections.
class Server {
 public:
  explicit Server(const Options& options)
      : chance_{.clock = Clock::real(), .random = std::mt19937_64{options.seed}},
        service_{chance_},
        transport_{service_, chance_, [](std::chrono::milliseconds) {}} {
    transport_.fault_percent = options.faults;
    if (options.oddities == 0) return;
    chance_.irregularities = {.empty_page_percent = options.oddities,
                              .short_page_percent = options.oddities,
                              .late_end_percent = options.oddities,
                              .moved_trim_percent = options.oddities,
                              .listing_max = 3,
                              .listing_lag_max = 5s};
  }

  test::ServedResponse serve(const test::ServedRequest& request) {
    const std::scoped_lock lock{mutex_};
    try {
      HttpRequest asked;
      asked.headers = {{"x-amz-target", std::string{request.header("x-amz-target")}}};
      asked.body = request.body;
      HttpResponse answer = transport_.send(asked, {});
      return {.status = answer.status,
              .headers = std::move(answer.headers),
              .body = std::move(answer.body)};
    } catch (const Error&) {
      return {.cut_after_bytes = 0};
    }
  }

  /// A shard of each table is closed and followed by one or two others.
  void roll() {
    const std::scoped_lock lock{mutex_};
    for (auto& [name, table] : service_.tables())
      if (Stream* stream = table.stream()) stream->replace_shard(1 + chance_.below(2));
  }

  Counts counts() {
    const std::scoped_lock lock{mutex_};
    return chance_.counts;
  }

 private:
  std::mutex mutex_;
  Chance chance_;
  Service service_;
  FaultyTransport transport_;
};

void wait_for_signal(Server& server, unsigned roll_seconds) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  const timespec pause{.tv_sec = roll_seconds == 0 ? 3'600 : roll_seconds, .tv_nsec = 0};
  while (sigtimedwait(&set, nullptr, &pause) < 0)
    if (roll_seconds > 0) server.roll();
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"DynamoDB and DynamoDB Streams in memory, with what otherwise only AWS has.",
               "dynamite-sim"};
  app.add_option("--seed", options.seed, "Of everything that happens by chance");
  app.add_option("--faults", options.faults, "Percent of calls that fail or are damaged")
      ->check(CLI::Range(0, 90));
  app.add_option("--oddities", options.oddities,
                 "Percent of answers that are empty, short or late, as AWS's may be")
      ->check(CLI::Range(0, 90));
  app.add_option("--roll", options.roll_seconds,
                 "Every so many seconds a shard of each stream is closed and followed by others");
  app.add_flag("--counts", options.counts, "At the end, print what was called and what went wrong");
  app.footer(
      "It prints the URL for AWS_ENDPOINT_URL and lives until a signal, or as long as the\n"
      "process that started it. Any credentials will do.");
  CLI11_PARSE(app, argc, argv);

  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t blocked;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  Server server{options};
  {
    const test::HttpServer http{
        [&](const test::ServedRequest& request) { return server.serve(request); }};
    fmt::print("{}\n", http.url());
    std::fflush(stdout);
    fmt::print(stderr, "dynamite-sim: seed {}\n", options.seed);
    wait_for_signal(server, options.roll_seconds);
  }
  if (!options.counts) return 0;
  for (const auto& [name, count] : server.counts())
    fmt::print(stderr, "dynamite-sim: {:>9}  {}\n", count, name);
  return 0;
}

}  // namespace
}  // namespace dynamite::sim

int main(int argc, char** argv) { return dynamite::sim::run(argc, argv); }
