#include "pg/pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.hpp"

namespace dynamite::pg {

Pipeline::Pipeline(Connection& connection, Limits limits)
    : connection_{connection},
      limits_{std::move(limits)},
      begun_{connection_.send_begin()},
      sent_{begun_} {}

Pipeline::~Pipeline() {
  if (committed_) return;
  if (sent_ > 0) connection_.skip_results(sent_, ended_);
  connection_.roll_back();
}

void Pipeline::add(const Statement& statement) {
  connection_.send_as_prepared(statement);
  ++sent_;
}

void Pipeline::copy(std::string_view sql, std::string_view data,
                    const std::function<void()>& sent) {
  connection_.send_sync();
  collect();
  connection_.begin_copy(sql, data, limits_);
  if (sent) sent();
  connection_.end_copy(limits_);
}

void Pipeline::end() {
  connection_.send({kCommit, {}});
  ++sent_;
  connection_.send_sync();
  ended_ = true;
}

std::vector<Result> Pipeline::commit() {
  if (!ended_) end();
  collect();
  if (results_.back().tag() != kCommit)
    throw Error{Error::Kind::transient, "PostgreSQL rolled the transaction back at its COMMIT"};
  committed_ = true;
  results_.erase(results_.begin(), results_.begin() + static_cast<std::ptrdiff_t>(begun_));
  results_.pop_back();
  return std::move(results_);
}

void Pipeline::collect() {
  const std::size_t sent = std::exchange(sent_, 0);
  std::ranges::move(connection_.collect(sent, limits_), std::back_inserter(results_));
}

std::vector<Result> run_transaction(Connection& connection, std::span<const Statement> statements,
                                    const Limits& limits) {
  Pipeline pipeline{connection, limits};
  for (const Statement& statement : statements) pipeline.add(statement);
  return pipeline.commit();
}

}  // namespace dynamite::pg
