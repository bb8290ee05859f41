#include "pg/savepoint.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kSavepoint = "SAVEPOINT dynamite";
constexpr std::string_view kRelease = "RELEASE SAVEPOINT dynamite";
constexpr std::string_view kRollBackTo = "ROLLBACK TO SAVEPOINT dynamite";

}  // namespace

Attempt attempt_within_savepoint(pg::Transaction& transaction,
                                 std::vector<pg::Statement>& statements) {
  statements.insert(statements.begin(), pg::Statement{kSavepoint, {}});
  statements.push_back({kRelease, {}});
  try {
    return {.results = transaction.run(statements), .refusal = {}};
  } catch (const pg::PgError& error) {
    if (error.kind() != Error::Kind::poison) throw;
    transaction.run(kRollBackTo);
    transaction.run(kRelease);
    return {.results = {}, .refusal = error};
  }
}

}  // namespace dynamite
