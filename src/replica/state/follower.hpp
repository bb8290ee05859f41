#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Takes the session lock that says this daemon is alive; false if another daemon holds it.
bool try_hold_alive(pg::Connection& control, const Replica& table);

/// Makes this daemon the follower and returns its number: every transaction of an earlier one fails
/// from now on.
std::int64_t take_over(pg::Connection& connection, const Replica& table, std::stop_token stop);

/// Gives the table back to Lambda. Does nothing if `owner` is no longer the follower.
void give_back(pg::Connection& connection, const Replica& table, std::int64_t owner,
               std::stop_token stop);

/// Gives the table of a dead daemon back to Lambda; false if no daemon followed it. The caller
/// holds the session lock (try_hold_alive).
bool release(pg::Connection& connection, const Replica& table, std::stop_token stop);

/// Throws Error{fenced} unless the daemon of that number is the follower. To be asked after the
/// session lock was lost for a moment: the table may have been released meanwhile.
void require_owner(pg::Connection& connection, const Replica& table, std::int64_t owner);

/// Whether Lambda follows the table, as it does unless a daemon does. False also if the replica is
/// no longer registered.
bool followed_by_lambda(pg::Connection& connection, const Replica& table);

/// Notes that all records of the stream older than `age` were read: by the daemon of that number,
/// or by Lambda if absent. Throws Error{fenced} if that daemon is no longer the follower. If Lambda
/// is not the follower, nothing is noted.
void note_followed(pg::Connection& connection, const Replica& table,
                   std::optional<std::int64_t> owner, std::chrono::seconds age);

/// The age up to which the replica has the stream's records: note_followed noted it, or a pass that
/// began later made up for older ones. Absent: nobody followed yet and no pass began.
std::optional<std::chrono::seconds> since_followed(pg::Connection& connection,
                                                   const Replica& table);

/// The server's clock, in microseconds since 1970.
std::int64_t server_micros(pg::Connection& connection);

/// False while the daemon that follows has not read all that happened before `since_micros` of the
/// server's clock. True also where nobody tells: Lambda follows, or nobody does.
bool follower_passed(pg::Connection& connection, const Replica& table, std::int64_t since_micros);

/// A stream keeps records for 24 h: who was away for longer than this may have lost some.
inline constexpr std::chrono::hours kAwayMax{23};

/// Notes in `replica.state` what the follower does. Throws Error{fenced} if `owner` no longer
/// follows.
void note_state(pg::Connection& connection, const Replica& table, std::int64_t owner,
                const std::string& state);
/// Notes why the table is stopped; `problem` absent: it is not stopped. By the daemon of that
/// number, or by Lambda or a snapshot if absent. Throws Error{fenced} if that daemon is no longer
/// the follower.
void note_problem(pg::Connection& connection, const Replica& table,
                  std::optional<std::int64_t> owner, const std::optional<std::string>& problem);

}  // namespace dynamite
