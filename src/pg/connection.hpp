#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/handle.hpp"
#include "pg/statement.hpp"

namespace dynamite::pg {

/// The rows and the command tag of one statement.
class Result {
 public:
  explicit Result(PGresult* result) noexcept : result_{result} {}

  int rows() const noexcept { return PQntuples(result_.get()); }
  /// The field as text; absent: NULL.
  std::optional<std::string_view> text(int row, int column) const;
  /// The field as text. Throws Error{bug} on NULL.
  std::string_view at(int row, int column) const;
  std::int64_t number(int row, int column) const;
  bool flag(int row, int column) const { return at(row, column) == "t"; }

  std::string_view tag() const noexcept { return PQcmdStatus(result_.get()); }
  /// Rows that the statement inserted, updated or deleted.
  std::uint64_t affected() const;
  ExecStatusType status() const noexcept { return PQresultStatus(result_.get()); }
  const PGresult* get() const noexcept { return result_.get(); }

 private:
  std::unique_ptr<PGresult, Closer<PQclear>> result_;
};

/// What every transaction of ours begins and ends with.
inline constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";
inline constexpr std::string_view kCommit = "COMMIT";

/// How long a call may wait.
struct Limits {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// After a stop, of this one or of open(), the call has kStopGrace to end by itself. Then its
  /// statement is cancelled, and kCancelGrace later the connection is given up.
  std::stop_token stop = {};

  static constexpr std::chrono::milliseconds kStopGrace{1'000};
  static constexpr std::chrono::milliseconds kCancelGrace{500};
};

/// Names and values as libpq knows them.
using ConnectParameters = std::vector<std::pair<std::string, std::string>>;

/// User and password of one connect. `refused`: the server has just refused those given last.
using Login = std::function<ConnectParameters(bool refused)>;

struct ConnectOptions {
  std::string conninfo;          ///< URL or keywords
  std::string application_name;  ///< dynamite/COMMAND/TABLE
  std::chrono::milliseconds timeout{10'000};
  ConnectParameters parameters{};  ///< win over conninfo
  Login login{};                   ///< wins over both; empty: they have all
};

/// One libpq connection in non-blocking pipeline mode. Not safe to share between threads.
/// Settings that our statements depend on are pinned (pin_settings_sql): once for a session that is
/// ours alone, with each transaction where a pooler may share it.
class Connection {
 public:
  /// `stop` holds for all calls on the connection. Throws Error{transient} if the server cannot be
  /// reached or is not ready, Error{usage} if it refuses us or is one that we cannot use.
  static Connection open(const ConnectOptions& options, std::stop_token stop = {});

  /// From now on no call waits beyond `deadline`, whatever its own limits are.
  void limit_to(std::chrono::steady_clock::time_point deadline) noexcept { deadline_ = deadline; }

  /// From now on a stop ends no call. For the cleaning up after one.
  void ignore_stop() noexcept { stop_ = {}; }

  /// Sends all statements behind each other with one Sync and returns their results. If one fails
  /// the server skips those behind it, and the first failure is thrown; a transaction that a
  /// statement began stays open (see Transaction, run_transaction).
  std::vector<Result> run(std::span<const Statement> statements, const Limits& limits = {});
  Result run(std::string_view sql, Params params = {}, const Limits& limits = {});

  /// Ends an open transaction; gives the connection up if that fails.
  void roll_back() noexcept;

  /// Neither broken nor given up, as far as is known without asking the server.
  bool usable() const noexcept;

  /// The peer has closed the socket, for example while the process was frozen.
  bool closed_by_peer() noexcept;

  /// The server process that libpq was told of: not the one that serves us behind a pooler.
  int backend_pid() const noexcept { return PQbackendPID(handle_.get()); }

  /// From now on a Pipeline has each statement with parameters parsed by the server only once, and
  /// planned a few times. For a session that is ours alone (is_direct), and for few different
  /// texts.
  void prepare_statements() noexcept { prepares_ = true; }

  /// The server process of backend_pid is the one that serves us: no transaction pooler is in
  /// between.
  bool is_direct() const noexcept { return direct_; }

  /// The server's clock minus ours, measured when the connection was opened.
  std::chrono::microseconds clock_offset() const noexcept { return clock_offset_; }

 private:
  explicit Connection(PGconn* handle) noexcept : handle_{handle} {}

  static Connection open_with(const ConnectOptions& options, const ConnectParameters& login,
                              const std::stop_token& stop);
  /// A statement that the server was asked to keep, and whether it has said that it does.
  struct Prepared {
    std::string name;
    bool kept = false;
  };

  friend class Pipeline;
  friend class Transaction;
  void require_usable() const;
  /// Sends BEGIN and what belongs to it; returns how many statements.
  std::size_t send_begin();
  void send(const Statement& statement);
  void send_as_prepared(const Statement& statement);
  void note_sent(int sent, Prepared* prepared);
  /// Sends a Sync, and as much of the unsent data as goes without waiting.
  void send_sync();
  /// Collects the results of the `count` statements before the oldest Sync that was not yet
  /// collected.
  std::vector<Result> collect(std::size_t count, const Limits& limits);
  /// Collects such results and drops them; gives the connection up if they do not come soon.
  /// `synced`: the Sync is sent.
  void skip_results(std::size_t count, bool synced) noexcept;
  /// Nothing may be under way; end_copy must follow. See Pipeline::copy.
  void begin_copy(std::string_view sql, std::string_view data, const Limits& limits);
  void end_copy(const Limits& limits);
  Prepared* take_sent();
  void forget_unkept();
  void wait_for_result(const Limits& limits);
  void wait_until_sent(const Limits& limits);
  template <class Done>
  void pump(const Limits& limits, Done done);
  void cancel() noexcept;
  void require_supported_server() const;
  void look_at_server();
  [[noreturn]] void give_up(const std::string& why);

  /// The server's words before it ended the session by itself. libpq keeps the string's address.
  std::unique_ptr<std::string> farewell_ = std::make_unique<std::string>();
  std::unique_ptr<PGconn, Closer<PQfinish>> handle_;
  bool direct_ = false;
  std::string pins_;  // what pins a transaction's settings; empty where the session has them
  bool prepares_ = false;
  std::map<std::string, Prepared, std::less<>> prepared_;  // by their SQL
  std::uint64_t prepared_count_ = 0;
  std::optional<Result> copied_;  // why a COPY did not begin, until end_copy
  std::deque<Prepared*> sent_;    // what awaits its result; null: a statement that runs
  std::chrono::microseconds clock_offset_{};
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::stop_token stop_;
};

/// An interactive transaction, READ COMMITTED: rolled back by its destructor unless commit() ran.
class Transaction {
 public:
  explicit Transaction(Connection& connection, Limits limits = {});
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  Result run(std::string_view sql, Params params = {});
  std::vector<Result> run(std::span<const Statement> statements);
  void commit();

 private:
  Connection& connection_;
  Limits limits_;
  bool open_ = true;
};

}  // namespace dynamite::pg
