#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/reminder.hpp"
#include "engine/engine_options.hpp"
#include "engine/in_flight.hpp"
#include "engine/scheduler.hpp"
#include "engine/table_state.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Read units a second that a scan of `table` may take: `configured`, or else a quarter of the
/// provisioned units. Absent: no limit, for a table on demand.
std::optional<double> read_units_of(std::optional<double> configured,
                                    const TableDescription& table);

/// Segments of a scan of `table`: `configured`, or else as many as its size is worth, the readers
/// of so many `connections` keep busy, and `read_units` a second allow.
std::uint32_t segments_of(std::optional<std::uint32_t> configured, std::uint32_t connections,
                          std::optional<double> read_units, const TableDescription& table);

/// Copies and follows tables until stopped, or until all are complete.
class Engine {
 public:
  Engine(EngineOptions options, DynamoDb& dynamodb);

  /// To be called before run().
  void add(Replica replica, const TableDescription& description);

  /// Returns when `stop` is requested, when every table has failed, or, if the run ends by itself,
  /// when every table is done. `tick` is called some times a second, on the calling thread. Throws
  /// Error if the tables can no longer be looked after. The tables are given back in each case.
  void run(std::stop_token stop, const std::function<void()>& tick);

  std::vector<std::shared_ptr<const TableState>> tables() const;

  // What run() is made of, for simulations that step it with a clock of their own.

  /// One round of claiming tables, keeping alive and noting ends; due ten times a second.
  void look_after();
  bool all_done() const;
  /// Gives the tables back, within kGiveBackMax.
  void shut_down();
  /// One step of a lane or a table's task; see Scheduler.
  bool step_due(Worker& worker);
  std::optional<TimePoint> next_due() const;

 private:
  /// A table, and what became of our claim to it.
  struct Followed {
    std::shared_ptr<TableState> state;
    bool started = false;
    bool handled = false;  // its end was noted
    bool waiting_said = false;
    std::string problem{};  // as it was noted in the state schema
  };

  void run_workers(const std::stop_token& stop, const std::function<void()>& tick);
  std::chrono::milliseconds discovery_interval() const;
  void claim(Followed& table);
  void renew(Followed& table);
  void start(Followed& table);
  bool is_fenced(const Followed& table, const Error& failure);
  bool begin_anew(Followed& table);
  void handle_end(Followed& table);
  void keep_alive();
  void hold_tables();
  void notice_changed_mappings();
  void note_problems();
  void note_problem_of(Followed& table, const std::string& problem);
  void say_waiting(const Error& error);
  void give_back_by(std::chrono::steady_clock::time_point deadline, Followed& table);
  pg::Connection& control(std::stop_token stop);

  const EngineOptions options_;
  DynamoDb& dynamodb_;
  InFlight in_flight_;
  Scheduler applying_;
  Scheduler reading_;
  std::vector<Followed> tables_;
  std::optional<pg::Connection> control_;  // holds the session locks that say we are alive
  TimePoint control_checked_{};
  Reminder waiting_;  // for PostgreSQL
  std::stop_token stop_;
};

}  // namespace dynamite
