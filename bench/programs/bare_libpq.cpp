// Sends ready rows by libpq alone, a pipeline a batch: either the statements that Dynamite sends
// for the same records, or guarded upserts and deletes without tombstones, epochs and locks.
// Decoding and making the rows is done before the clock starts.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/coalesce.hpp"
#include "core/handle.hpp"
#include "decode/recorded.hpp"
#include "events.hpp"
#include "replica/apply/rows.hpp"
#include "replica/apply/target_sql.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/locks.hpp"
#include "replica/state/source_sql.hpp"

namespace dynamite::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kPlainPut = R"(
INSERT INTO {table} AS t (pk, sk, item, mod_time, create_time, version)
SELECT u.k1, u.k2, u.item::jsonb, u.time, u.time, {version}
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::{array})
  AS u(k1, k2, item, time, version)
ON CONFLICT (pk, sk) DO UPDATE SET item = excluded.item, mod_time = excluded.mod_time,
  version = excluded.version
WHERE t.version < excluded.version)";

constexpr std::string_view kPlainRemove = R"(
DELETE FROM {table} t
USING unnest($1::text[], $2::text[], $3::{array}) AS u(k1, k2, version)
WHERE t.pk = u.k1 AND t.sk = u.k2 AND t.{column} < {version})";

// As Dynamite sets its sessions up.
constexpr const char* kSession = R"(
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET default_toast_compression = lz4;
SELECT octet_length(repeat(repeat('x', 4096), 1024)))";

/// A statement and its parameters, which live in the rows or in `texts`.
struct Message {
  explicit Message(std::string_view statement) : sql{statement} {}

  std::string sql;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<Oid> types;
  std::deque<std::string> texts;

  Message& array(const pg::Array& array) {
    return add(array.wire().data(), array.wire().size(), array.type_oid());
  }
  Message& text(std::string value) {
    const std::string& kept = texts.emplace_back(std::move(value));
    return add(kept.data(), kept.size(), 25);
  }
  Message& null() { return add(nullptr, 0, 25); }

  Message& keys(const RowKeys& rows) {
    pg::Params params;
    rows.keys.add_to(params);
    return take(params, params.count());
  }
  /// Of the item alone without `with_types`.
  Message& row_values(const RowValues& rows, bool with_types) {
    pg::Params params;
    rows.values.add_to(params);
    return take(params, with_types ? params.count() : 1).array(rows.times);
  }

 private:
  /// The first `count` of `params`, whose arrays must outlive this.
  Message& take(const pg::Params& params, int count) {
    for (int i = 0; i < count; ++i)
      add(params.values()[i], static_cast<std::size_t>(params.lengths()[i]), params.types()[i]);
    return *this;
  }
  Message& add(const char* value, std::size_t length, Oid type) {
    values.push_back(value);
    lengths.push_back(static_cast<int>(length));
    types.push_back(type);
    return *this;
  }
};

/// One transaction.
struct Ready {
  std::vector<Change> changes;  // coalesced; those of the puts come first, as their rows do
  Rows rows;
  std::deque<pg::Array> versions;  // as text, of what guards by that
  std::deque<Message> messages;
  std::size_t records = 0;
};

class Program {
 public:
  virtual ~Program() = default;
  virtual void add(Ready& ready) const = 0;
  /// Whose rows it sends.
  virtual const Target& target() const = 0;
};

/// What tells a newer change from an older one: the array that carries it, and how its elements
/// become that.
struct Guard {
  std::string table, array, version;
};

const std::map<std::string, Guard>& guards() {
  static const std::map<std::string, Guard> all{
      {"numeric", {"bench_plain.orders", "numeric[]", "u.version"}},
      {"bytea", {"bench_plain.orders_bytea", "text[]", "decode(u.version, 'hex')"}},
      {"text", {"bench_plain.orders_text", "text[]", "u.version"}}};
  return all;
}

std::string plain_remove(const Guard& guard, std::string_view column) {
  return fmt::format(kPlainRemove, fmt::arg("table", guard.table), fmt::arg("array", guard.array),
                     fmt::arg("version", guard.version), fmt::arg("column", column));
}

class PlainProgram : public Program {
 public:
  explicit PlainProgram(const Guard& guard)
      : put_{fmt::format(kPlainPut, fmt::arg("table", guard.table), fmt::arg("array", guard.array),
                         fmt::arg("version", guard.version))},
        remove_{plain_remove(guard, "version")},
        as_text_{guard.array == "text[]"} {}

  void add(Ready& ready) const override {
    auto next = ready.changes.begin();
    const auto version_of = [&](const RowKeys& r) -> const pg::Array& {
      if (!as_text_) return r.versions;
      pg::Array& versions = ready.versions.emplace_back();
      for (; versions.size() < r.size(); ++next) versions.append(next->version.digits());
      return versions;
    };
    ready.messages.emplace_back("BEGIN");
    const AfterPuts& after = ready.rows.after;
    for (std::size_t i = 0; i < after.puts.size(); ++i)
      ready.messages.emplace_back(put_)
          .keys(after.puts[i])
          .row_values(ready.rows.values[i], false)
          .array(version_of(after.puts[i]));
    for (const RowKeys& r : after.removes)
      ready.messages.emplace_back(remove_).keys(r).array(version_of(r));
    ready.messages.emplace_back("COMMIT");
  }

  const Target& target() const override { return target_; }

 private:
  Target target_ = new_target("dynamite", "public", "events", event_table()->key_schema);
  std::string put_, remove_;
  bool as_text_;
};

/// In the order of docs/protocol.md, "One transaction".
class SameProgram : public Program {
 public:
  SameProgram(const Replica& table, const std::set<std::string>& without)
      : target_{table.targets.front()},
        sql_{target_sql(table, target_)},
        require_follower_{source_sql(table.state_schema).require_follower},
        plain_remove_{
            plain_remove({target_.qualified_name(), "numeric[]", "u.version"}, "_version")},
        locks_{lock_keys(table)},
        id_{table.id},
        mapping_{table.mapping},
        without_{without} {}

  void add(Ready& ready) const override {
    ready.messages.emplace_back("BEGIN ISOLATION LEVEL READ COMMITTED");
    if (has("lock"))
      ready.messages.emplace_back("SELECT pg_advisory_xact_lock_shared($1::integer, $2::integer)")
          .text(std::to_string(locks_.transaction_class))
          .text(std::to_string(locks_.replica));
    if (has("fence"))
      ready.messages.emplace_back(require_follower_)
          .text(std::to_string(id_))
          .null()
          .text("1768478400123")
          .text(std::to_string(mapping_));
    const AfterPuts& after = ready.rows.after;
    for (std::size_t i = 0; i < after.puts.size(); ++i)
      ready.messages.emplace_back(sql_.put)
          .keys(after.puts[i])
          .row_values(ready.rows.values[i], true)
          .array(after.puts[i].versions)
          .text(after.lowest_version);
    if (has("recheck"))
      for (const RowKeys& r : after.puts)
        ready.messages.emplace_back(sql_.recheck)
            .keys(r)
            .array(r.versions)
            .text(after.lowest_version);
    if (has("removes"))
      add_removes(ready);
    else
      for (const RowKeys& r : after.removes)
        ready.messages.emplace_back(plain_remove_).keys(r).array(r.versions);
    ready.messages.emplace_back("COMMIT");
  }

  const Target& target() const override { return target_; }

 private:
  bool has(const char* part) const { return !without_.contains(part); }

  void add_removes(Ready& ready) const {
    const AfterPuts& after = ready.rows.after;
    for (const RowKeys& r : after.removes)
      ready.messages.emplace_back(sql_.remove).keys(r).array(r.versions).text(after.lowest_version);
    for (const std::string* sql : {&sql_.remove_held, &sql_.tombstone})
      for (const RowKeys& r : after.removes)
        ready.messages.emplace_back(*sql).keys(r).array(r.versions);
  }

  Target target_;
  TargetSql sql_;
  std::string require_follower_;
  std::string plain_remove_;
  LockKeys locks_;
  std::int32_t id_;
  std::int64_t mapping_;
  std::set<std::string> without_;
};

/// One connection and what it has to send.
class Sender {
 public:
  explicit Sender(const std::string& url) : connection_{PQconnectdb(url.c_str())} {
    check(PQstatus(connection_.get()) == CONNECTION_OK);
    PQclear(PQexec(connection_.get(), kSession));
  }

  std::deque<Ready> transactions;

  /// Prepares the statements, as Dynamite's first batches do.
  void prepare() {
    for (const Ready& ready : transactions)
      for (const Message& message : ready.messages) {
        const auto [name, fresh] =
            names_.try_emplace(message.sql, fmt::format("s{}", names_.size()));
        if (!fresh) continue;
        PGresult* result = PQprepare(connection_.get(), name->second.c_str(), message.sql.c_str(),
                                     static_cast<int>(message.types.size()), message.types.data());
        check(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
      }
    check(PQenterPipelineMode(connection_.get()) == 1);
  }

  void send_all() {
    for (const Ready& ready : transactions) send(ready);
  }

 private:
  void send(const Ready& ready) {
    for (const Message& message : ready.messages) {
      const std::vector<int> formats(message.values.size(), 1);
      check(PQsendQueryPrepared(connection_.get(), names_.at(message.sql).c_str(),
                                static_cast<int>(message.values.size()), message.values.data(),
                                message.lengths.data(), formats.data(), 0) == 1);
    }
    check(PQpipelineSync(connection_.get()) == 1);
    for (bool synced = false; !synced;) {
      PGresult* result = PQgetResult(connection_.get());
      if (result == nullptr) continue;
      const ExecStatusType status = PQresultStatus(result);
      synced = status == PGRES_PIPELINE_SYNC;
      check(synced || status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
      PQclear(result);
    }
  }

  void check(bool ok) const {
    if (!ok) throw std::runtime_error{PQerrorMessage(connection_.get())};
  }

  std::unique_ptr<PGconn, Closer<PQfinish>> connection_;
  std::map<std::string, std::string> names_;
};

std::string read_file(const std::string& name) {
  std::ifstream file{name, std::ios::binary};
  if (!file) throw std::runtime_error{"cannot read " + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The records of `file` in batches, a transaction for each sender; how many.
std::size_t deal(const Batch& records, std::size_t batch, const Program& rows,
                 std::deque<Sender>& senders) {
  std::span<const Change> rest{records.changes};
  while (!rest.empty()) {
    const auto now = rest.first(std::min(batch, rest.size()));
    rest = rest.subspan(now.size());
    std::vector<std::vector<Change>> parts(senders.size());
    for (const Change& change : now)
      parts[std::hash<std::string_view>{}(change.key) % senders.size()].push_back(change);
    for (std::size_t i = 0; i < senders.size(); ++i) {
      if (parts[i].empty()) continue;
      Ready& ready = senders[i].transactions.emplace_back();
      ready.changes = coalesce(parts[i]);
      ready.rows = make_rows(ready.changes, rows.target());
      std::ranges::stable_partition(
          ready.changes, [](const Change& change) { return change.kind != ChangeKind::remove; });
      rows.add(ready);
    }
  }
  return records.changes.size();
}

struct Options {
  std::string file;
  std::string statements = "same";
  std::string guard = "numeric";
  std::string state_schema = "bench_same_state";
  std::set<std::string> without;
  std::size_t connections = 1;
  std::size_t batch = 1'000;
};

std::unique_ptr<Program> program_of(const std::string& url, const Options& options) {
  if (options.statements == "plain")
    return std::make_unique<PlainProgram>(guards().at(options.guard));
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  const auto table = Catalogue{connection, options.state_schema}.find(event_table()->arn);
  return std::make_unique<SameProgram>(table.value(), options.without);
}

int run(const Options& options) {
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) throw std::runtime_error{"no PostgreSQL; start it with: make bench"};
  std::deque<Sender> senders;
  for (std::size_t i = 0; i < options.connections; ++i) senders.emplace_back(url);
  const Recorded recorded =
      decode_recorded(std::make_shared<const std::string>(read_file(options.file)),
                      {{event_table()->arn, event_table()}});
  const std::size_t records =
      deal(recorded.batches.at(0), options.batch, *program_of(url, options), senders);
  for (Sender& sender : senders) sender.prepare();
  const auto begin = steady_clock::now();
  const double cpu = cpu_seconds();
  {
    std::vector<std::jthread> threads;
    for (Sender& sender : senders) threads.emplace_back([&sender] { sender.send_all(); });
  }
  fmt::print("{{\"records\":{},\"wall_s\":{:.6f},\"client_cpu_s\":{:.6f}}}\n", records,
             std::chrono::duration<double>{steady_clock::now() - begin}.count(),
             cpu_seconds() - cpu);
  return 0;
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  dynamite::bench::Options options;
  CLI::App app{"Applies recorded events from ready rows by libpq alone."};
  app.add_option("FILE", options.file, "JSON lines of Lambda events")->required();
  app.add_option("--statements", options.statements, "same (as Dynamite) or plain")
      ->check(CLI::IsMember({"same", "plain"}));
  app.add_option("--guard", options.guard,
                 "of the plain ones: numeric (as Dynamite), bytea or text")
      ->check(CLI::IsMember({"numeric", "bytea", "text"}));
  app.add_option("--state-schema", options.state_schema, "of the same: whose replica is written");
  app.add_option("--without", options.without,
                 "of the same: lock, fence, recheck, removes (plain deletes stand in for them)");
  app.add_option("--connections", options.connections, "to PostgreSQL");
  app.add_option("--batch", options.batch, "records of a batch");
  CLI11_PARSE(app, argc, argv);
  try {
    return dynamite::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bare_libpq: {}\n", error.what());
    return 1;
  }
}
