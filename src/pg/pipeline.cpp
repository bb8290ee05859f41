#include "pg/pipeline.hpp"

#include <utility>

#include "core/error.hpp"

namespace dynamite::pg {

Pipeline::Pipeline(Connection& connection, Limits limits)
    : connection_{connection}, limits_{std::move(limits)} {
  connection_.require_usable();
  connection_.send({kBegin, {}});
  ++sent_;
}

Pipeline::~Pipeline() {
  if (committed_) return;
  if (!collected_) connection_.skip_results(sent_);
  connection_.roll_back();
}

void Pipeline::add(const Statement& statement) {
  connection_.send_as_prepared(statement);
  ++sent_;
}

std::vector<Result> Pipeline::commit() {
  connection_.send({kCommit, {}});
  ++sent_;
  collected_ = true;
  std::vector<Result> results = connection_.synchronise(sent_, limits_);
  if (results.back().tag() != kCommit)
    throw Error{Error::Kind::transient, "PostgreSQL rolled the transaction back at its COMMIT"};
  committed_ = true;
  results.erase(results.begin());
  results.pop_back();
  return results;
}

std::vector<Result> run_transaction(Connection& connection, std::span<const Statement> statements,
                                    const Limits& limits) {
  Pipeline pipeline{connection, limits};
  for (const Statement& statement : statements) pipeline.add(statement);
  return pipeline.commit();
}

}  // namespace dynamite::pg
