#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace dynamite::pg {

/// What PostgreSQL answered instead of a result.
class PgError : public Error {
 public:
  PgError(Kind kind, const std::string& message, std::string hint, std::string sqlstate,
          std::string constraint)
      : Error{kind, message, std::move(hint)},
        sqlstate_{std::move(sqlstate)},
        constraint_{std::move(constraint)} {}

  const std::string& sqlstate() const noexcept { return sqlstate_; }
  const std::string& constraint() const noexcept { return constraint_; }  ///< empty if none

 private:
  std::string sqlstate_;
  std::string constraint_;
};

/// What the catcher does about an SQLSTATE: the one table of them. Unknown ones are `bug`.
Error::Kind kind_of_sqlstate(std::string_view sqlstate) noexcept;

/// A write to a server that takes none: a failover is under way.
inline constexpr std::string_view kReadOnly = "25006";
/// The hint of an error of that kind.
inline constexpr std::string_view kReadOnlyReasons =
    "the server is a standby, or default_transaction_read_only is on for this role, database or "
    "server, or a failover (at RDS also a full disk) is under way";

/// The server refused a write because it takes none. After a failover the address may lead to the
/// new writer, but the connection that saw this error still leads to the old one: open another.
bool is_of_former_writer(const Error& error);

/// A prepared statement that the session does not have (any more).
inline constexpr std::string_view kUnknownStatement = "26000";

/// SQLSTATEs that the functions of the state schema raise.
inline constexpr std::string_view kFencedFollower = "DY001";
inline constexpr std::string_view kFencedPass = "DY002";
inline constexpr std::string_view kDeadlinePassed = "DY003";
inline constexpr std::string_view kTooManyDeadLetters = "DY004";
inline constexpr std::string_view kEpochPassed = "DY005";
inline constexpr std::string_view kStreamOutdated = "DY006";
inline constexpr std::string_view kMappingChanged = "DY007";

}  // namespace dynamite::pg
