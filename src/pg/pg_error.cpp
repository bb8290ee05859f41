#include "pg/pg_error.hpp"

#include <array>

namespace dynamite::pg {
namespace {

struct Rule {
  std::string_view prefix;  // an SQLSTATE, or its first characters
  Error::Kind kind;
};

// The first rule that fits decides. PostgreSQL's manual, appendix A.
constexpr std::array kRules{
    Rule{kFencedFollower, Error::Kind::fenced},
    Rule{kFencedPass, Error::Kind::fenced},
    Rule{kMappingChanged, Error::Kind::fenced},
    Rule{kEpochPassed, Error::Kind::transient},
    Rule{kStreamOutdated, Error::Kind::transient},
    Rule{kDeadlinePassed, Error::Kind::transient},
    Rule{kTooManyDeadLetters, Error::Kind::usage},
    Rule{"08", Error::Kind::transient},  // connection
    Rule{"22", Error::Kind::poison},     // data
    Rule{"23", Error::Kind::poison},     // constraint
    Rule{kReadOnly, Error::Kind::transient},
    Rule{"28", Error::Kind::usage},                   // login
    Rule{"3D", Error::Kind::usage},                   // no such database
    Rule{"40", Error::Kind::transient},               // serialization, deadlock
    Rule{"42", Error::Kind::usage},                   // no such table or column, no privilege
    Rule{"0A", Error::Kind::usage},                   // not supported
    Rule{kUnknownStatement, Error::Kind::transient},  // another backend
    Rule{"3F", Error::Kind::usage},                   // no such schema
    Rule{"53", Error::Kind::transient},               // disk, memory, connections
    Rule{"54", Error::Kind::poison},        // a limit of the server, such as an index row's size
    Rule{"55P03", Error::Kind::transient},  // lock not available
    Rule{"57014", Error::Kind::transient},  // cancelled, statement timeout
    Rule{"57P01", Error::Kind::transient},  // shutdown
    Rule{"57P02", Error::Kind::transient},  // crash
    Rule{"57P03", Error::Kind::transient},  // cannot connect now
    Rule{"57P05", Error::Kind::transient},  // idle session
    Rule{"25P0", Error::Kind::transient},   // idle in transaction, transaction failed
};

}  // namespace

Error::Kind kind_of_sqlstate(std::string_view sqlstate) noexcept {
  for (const Rule& rule : kRules)
    if (sqlstate.starts_with(rule.prefix)) return rule.kind;
  return Error::Kind::bug;
}

bool is_of_former_writer(const Error& error) {
  const auto* refusal = dynamic_cast<const PgError*>(&error);
  return refusal != nullptr && refusal->sqlstate() == kReadOnly;
}

}  // namespace dynamite::pg
