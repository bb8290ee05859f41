#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "json/random_item.hpp"
#include "sim/daemon.hpp"
#include "sim/faults.hpp"
#include "sim/lambda.hpp"
#include "sim/operator.hpp"
#include "sim/place.hpp"
#include "sim/virtual_clock.hpp"

namespace dynamite::sim {

/// A table, its writers, who follows it, who looks after that, and everything that may go wrong,
/// from a seed.
class World {
 public:
  World(std::uint64_t seed, const Place& place);

  /// A random history.
  void live();
  /// Everything that disturbs ends. Returns what is still wrong after half an hour; empty: the
  /// replica equals the table, no gap is open, no dead letter is left, and a daemon that follows
  /// says so.
  std::string settle();

  const Counts& counts() const noexcept { return chance_.counts; }

  // What live() is made of, for histories that are written by hand.

  void write(std::size_t changes);
  void run_for(std::chrono::milliseconds duration);
  void pass_time(std::chrono::minutes duration);
  void start_daemon();
  void start_snapshot() { add_daemon(Run::snapshot); }
  bool kill_daemon();  ///< any; false: there is none
  void kill_first_daemon() { daemons_.pop_front(); }
  /// Of the streams' records, some batches.
  void invoke_functions(std::uint64_t times);
  /// What is scheduled, or done by hand: `maintain`, `dead-letters retry`, and `snapshot` where it
  /// is needed.
  void look_after();
  /// What is not as it should be at rest; empty: nothing.
  std::string difference();
  Table& table() { return service_.table(name_); }
  Service& service() noexcept { return service_; }
  Chance& chance() noexcept { return chance_; }
  /// Of the view `status`: state, open gaps, problem.
  std::string status();

  static KeySchema key_schema_of(std::uint64_t seed);
  static std::string table_name(std::uint64_t seed);

 private:
  enum class Followers : std::uint8_t { daemons, functions, both };
  struct Event;
  static const std::vector<Event>& events();

  bool has(Followers who) const { return followers_ == Followers::both || followers_ == who; }
  bool daemon_follows() const;
  void add_daemon(Run run);
  std::list<Daemon>::iterator any_daemon();
  bool stop_daemon();
  void roll_for_hours();
  bool crash_postgres();
  void cut_connections();
  void renew_stream();
  void recreate_table();
  const char* view_type();  ///< of the stream that a table begins with
  /// Of what targets keep of items that are gone, or were otherwise.
  std::string difference_of_past(const Replica& replica);
  void change_weather();
  void calm_down();
  /// Returns what is still wrong after half an hour.
  std::string come_to_rest();
  pg::Connection& control();

  const Place& place_;
  const Followers followers_;
  VirtualClock clock_;
  ChangeLog log_;  // of places whose targets change
  Chance chance_;
  Service service_;
  FaultyTransport transport_;
  RandomItems items_;
  std::string name_;
  std::uint64_t keys_;
  std::list<Daemon> daemons_;
  std::optional<Micros> followed_since_;  // where nobody but daemons follows
  Lambda lambda_;
  bool mapping_on_ = true;
  Operator operator_;
  std::optional<pg::Connection> control_;
};

}  // namespace dynamite::sim
