#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <map>
#include <random>

#include "core/error.hpp"
#include "ingest/fixture.hpp"
#include "replica/source_model.hpp"
#include "support/pgbouncer.hpp"

namespace dynamite::test {
namespace {

constexpr int kHandlers = 6;
constexpr int kEvents = 40;  // of each ingest

/// The ingest behind a pooler in transaction mode, as behind RDS Proxy.
class PoolerTest : public IngestTest {
 protected:
  IngestOptions pooled(const PgBouncer& pooler) const {
    IngestOptions pooled = options();
    pooled.connect.conninfo = pooler.url();
    return pooled;
  }

  // As Lambda does after an error.
  static IngestOutcome handle_until_done(Ingest& ingest, const std::string& event) {
    for (int attempt = 1;; ++attempt) {
      try {
        return handle(ingest, event);
      } catch (const Error& error) {
        if (error.kind() != Error::Kind::transient || attempt == 5) throw;
      }
    }
  }
};

/// The events of one shard: its own keys, in the order of their numbers, some of them twice.
struct Shard {
  std::vector<std::string> events;
  std::map<std::string, std::uint64_t> last;  ///< the number that each key's row must have
};

Shard random_shard(std::uint64_t seed, int number) {
  std::mt19937_64 random{seed * 1'000 + static_cast<std::uint64_t>(number)};
  Shard shard;
  std::uint64_t sequence_number = 0;
  for (int i = 0; i < kEvents; ++i) {
    std::vector<std::string> records;
    for (std::uint64_t n = 1 + random() % 5; n > 0; --n) {
      const std::string key = fmt::format("{}-{}", number, random() % 4);
      const bool remove = random() % 3 == 0;
      ++sequence_number;
      records.push_back(remove ? remove_record(key, sequence_number)
                               : put_record(key, sequence_number));
      if (remove)
        shard.last.erase(key);
      else
        shard.last[key] = sequence_number;
    }
    shard.events.push_back(event_of(records));
    if (random() % 4 == 0) shard.events.push_back(shard.events[random() % shard.events.size()]);
  }
  return shard;
}

TEST_F(PoolerTest, ManyHandlersOnFewConnectionsEndWithTheReplicaEqualToTheModel) {
  const std::uint64_t seed = from_environment("DYNAMITE_TEST_SEED", 0);
  SCOPED_TRACE(fmt::format("seed {}", seed));
  PgBouncer pooler{url(), 2};
  std::string expected;
  std::vector<std::future<void>> handlers;
  for (int number = 0; number < kHandlers; ++number) {
    const Shard shard = random_shard(seed, number);
    for (const auto& [key, sequence_number] : shard.last)
      expected += fmt::format("{}{}|{}", expected.empty() ? "" : "\n", key, sequence_number);
    handlers.push_back(std::async(std::launch::async, [this, &pooler, shard] {
      Ingest ingest{pooled(pooler)};
      for (const std::string& event : shard.events) handle_until_done(ingest, event);
    }));
  }
  for (auto& ingest : handlers) ingest.get();

  EXPECT_EQ(query(fmt::format("SELECT pk, item ->> 'v' FROM {} ORDER BY pk",
                              orders.targets.front().qualified_name())),
            expected);
  EXPECT_NE(tombstones(), "");
}

TEST_F(PoolerTest, AConnectionTakesNothingOverFromTheHandlersThatHadItBefore) {
  PgBouncer pooler{url(), 1};
  Ingest first{pooled(pooler)};
  handle(first, put_event("a", 1));
  auto client = pg::Connection::open({.conninfo = pooler.url(), .application_name = "client"});

  EXPECT_EQ(client.run("SELECT current_setting('statement_timeout')").at(0, 0), "0");
  EXPECT_EQ(client.run("SELECT current_setting('lock_timeout')").at(0, 0), "0");
  EXPECT_EQ(client.run("SELECT count(*) FROM pg_prepared_statements").at(0, 0), "0");
  EXPECT_EQ(client
                .run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
                     "pg_backend_pid()")
                .at(0, 0),
            "0");
}

TEST_F(PoolerTest, APoisonousRecordIsFoundByHalves) {
  PgBouncer pooler{url(), 1};
  query(fmt::format("ALTER TABLE {} ADD CHECK (item ->> 'v' <> '2')",
                    orders.targets.front().qualified_name()));
  Ingest ingest{pooled(pooler)};

  const auto outcome =
      handle(ingest, event_of({put_record("a", 1), put_record("b", 2), put_record("c", 3)}));

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query(fmt::format("SELECT string_agg(pk, ',' ORDER BY pk) FROM {}",
                              orders.targets.front().qualified_name())),
            "a,c");
}

TEST_F(PoolerTest, ConnectsAgainAfterThePoolerWasReplaced) {
  PgBouncer pooler{url(), 1};
  Ingest ingest{pooled(pooler)};
  handle(ingest, put_event("a", 1));

  pooler.restart();

  EXPECT_EQ(handle(ingest, put_event("b", 2)).applied, 1U);
}

}  // namespace
}  // namespace dynamite::test
