#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/random_item.hpp"
#include "sim/daemon.hpp"

namespace dynamite::sim {

/// Where the replica of a simulated table lives.
struct Place {
  pg::ConnectOptions connect;
  ReplicaTable replica;
  std::optional<double> read_units{};  ///< a second, that passes may take
};

/// A table, its writers, the daemons that follow it and everything that may go wrong, from a seed.
class World {
 public:
  World(std::uint64_t seed, const Place& place);

  /// A random history.
  void live();
  /// Everything that disturbs ends. Returns what is still wrong after half an hour; empty: the
  /// replica equals the table, its state is `following`, and no gap is open.
  std::string settle();

  const Counts& counts() const noexcept { return chance_.counts; }

  // What live() is made of, for histories that are written by hand.

  void write(std::size_t changes);
  void run_for(std::chrono::milliseconds duration);
  void pass_time(std::chrono::minutes duration);
  void start_daemon();
  void kill_daemon();
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
  struct Event;
  static const std::vector<Event>& events();

  void cut_connections();
  void renew_stream();
  void recreate_table();
  void change_weather();
  void calm_down();
  pg::Connection& control();

  const Place& place_;
  VirtualClock clock_;
  Chance chance_;
  Service service_;
  FaultyTransport transport_;
  RandomItems items_;
  std::string name_;
  std::uint64_t keys_;
  std::list<Daemon> daemons_;
  std::optional<pg::Connection> control_;
};

}  // namespace dynamite::sim
