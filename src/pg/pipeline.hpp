#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"

namespace dynamite::pg {

/// A transaction in one round trip, READ COMMITTED: its statements go to the server while the next
/// ones are made, and the server works on them meanwhile. What was not committed is rolled back.
/// A pipeline may begin behind another one that has called end() and not yet commit(). If the
/// earlier one fails before its COMMIT, the later one fails too. The later one must be destroyed
/// first.
class Pipeline {
 public:
  /// Throws Error{transient} if the connection is lost.
  Pipeline(Connection& connection, Limits limits);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  /// The statement is copied, and need not outlive the call. See Connection::prepare_statements.
  void add(const Statement& statement);

  /// Waits for the statements that were added so far, then has the COPY statement `sql` read
  /// `data`. Calls `sent` when `data` is sent and the server is still at work. Throws the first
  /// failure.
  void copy(std::string_view sql, std::string_view data, const std::function<void()>& sent = {});

  /// Sends what commit() sends; nothing may be added any more.
  void end();

  /// Waits for the server and returns the results of what was added, in that order. Throws the
  /// first failure, or Error{transient} if the COMMIT was turned into a rollback.
  std::vector<Result> commit();

 private:
  void collect();

  Connection& connection_;
  Limits limits_;
  std::vector<Result> results_;
  std::size_t begun_;  // statements that begin the transaction
  std::size_t sent_;   // and not in results_
  bool ended_ = false;
  bool committed_ = false;
};

/// All statements, or nothing, in one Pipeline.
std::vector<Result> run_transaction(Connection& connection, std::span<const Statement> statements,
                                    const Limits& limits = {});

}  // namespace dynamite::pg
