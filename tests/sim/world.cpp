#include "sim/world.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "pg/identifier.hpp"
#include "sim/checks/kept_rows.hpp"
#include "sim/mappings.hpp"
#include "support/replica.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30min;  // of the virtual clock, until all is quiet
constexpr std::size_t kStepsMax = 200'000;

}  // namespace

struct World::Event {
  const char* name;
  unsigned weight;
  bool (*happen)(World&);  ///< false: not to this world, or not now
};

const std::vector<World::Event>& World::events() {
  static const std::vector<Event> all{
      {"writes", 40, [](World& w) { return w.write(1 + w.chance_.below(12)), true; }},
      {"daemons work", 40,
       [](World& w) { return w.run_for(100ms * (1 + w.chance_.below(60))), true; }},
      {"functions work", 30,
       [](World& w) {
         const bool on = w.has(Followers::functions) && w.mapping_on_;
         if (on) w.invoke_functions(1 + w.chance_.below(15));
         return on;
       }},
      {"mapping switched off or on", 6,
       [](World& w) {
         w.mapping_on_ = !w.mapping_on_;
         return w.has(Followers::functions);
       }},
      {"what was given up is applied", 3, [](World& w) { return w.lambda_.redrive() > 0; }},
      {"a look after all", 6, [](World& w) { return w.look_after(), true; }},
      {"shard replaced", 6,
       [](World& w) {
         if (w.table().stream()) w.table().stream()->replace_shard(1 + w.chance_.below(2));
         return w.table().stream() != nullptr;
       }},
      {"half an hour passes", 3, [](World& w) { return w.pass_time(30min), true; }},
      {"shards roll for hours", 2, [](World& w) { return w.roll_for_hours(), true; }},
      {"thirty hours pass", 2, [](World& w) { return w.pass_time(30h), true; }},
      {"daemon started", 8,
       [](World& w) {
         const bool room = w.has(Followers::daemons) && w.daemons_.size() < 2;
         if (room) w.start_daemon();
         return room;
       }},
      {"daemon killed", 4, [](World& w) { return w.kill_daemon(); }},
      {"daemon stopped", 3, [](World& w) { return w.stop_daemon(); }},
      {"table released", 2, [](World& w) { return w.operator_.release_table(); }},
      {"connections cut", 4, [](World& w) { return w.cut_connections(), true; }},
      {"PostgreSQL crashed", 1, [](World& w) { return w.crash_postgres(); }},
      {"constraint added", 1,
       [](World& w) { return w.operator_.add_constraint(w.control()), true; }},
      {"constraint dropped", 2,
       [](World& w) { return w.operator_.drop_constraint(w.control()), true; }},
      {"attributes promoted", 3, [](World& w) { return w.operator_.promote(w.control()), true; }},
      {"mapping changed", 3, [](World& w) { return w.operator_.change_mapping(w.control()); }},
      {"clause changed", 10,
       [](World& w) { return w.place_.changes_targets && w.operator_.change_clause(w.control()); }},
      {"kept rows, hash or history switched", 8,
       [](World& w) { return w.place_.changes_targets && w.operator_.switch_one(w.control()); }},
      {"target added", 6,
       [](World& w) { return w.place_.changes_targets && w.operator_.add_target(w.control()); }},
      {"target let go", 4,
       [](World& w) { return w.place_.changes_targets && w.operator_.let_target_go(w.control()); }},
      {"stream switched off and on", 2, [](World& w) { return w.renew_stream(), true; }},
      {"table re-created", 1, [](World& w) { return w.recreate_table(), true; }},
      {"weather changed", 6, [](World& w) { return w.change_weather(), true; }},
  };
  return all;
}

KeySchema World::key_schema_of(std::uint64_t seed) {
  constexpr std::array kTypes{KeyType::S, KeyType::N, KeyType::B};
  KeySchema schema{.partition = {.name = "pk", .type = kTypes[seed % 3]}, .sort = std::nullopt};
  if (seed % 2 == 1) schema.sort = KeyAttribute{.name = "sk", .type = kTypes[seed / 3 % 3]};
  return schema;
}

std::string World::table_name(std::uint64_t seed) { return fmt::format("sim_{}", seed); }

World::World(std::uint64_t seed, const Place& place)
    : place_{place},
      followers_{static_cast<Followers>((seed / 12 + 2) % 3)},
      chance_{.clock = clock_,
              .random = std::mt19937_64{seed},
              .log = place.changes_targets ? &log_ : nullptr},
      service_{chance_},
      transport_{service_, chance_, [this](std::chrono::milliseconds d) { clock_.advance(d); }},
      items_{seed, {.attributes_max = 3, .depth_max = 2, .nul_characters = false}},
      name_{table_name(seed)},
      keys_{4 + chance_.below(30)},
      lambda_{place, transport_, chance_},
      operator_{place, transport_, chance_, lambda_} {
  service_.create_table(name_, key_schema_of(seed), view_type(), 1 + chance_.below(4));
  write(chance_.below(60));
}

const char* World::view_type() {
  return place_.changes_targets && chance_.below(2) == 0 ? "NEW_IMAGE" : "NEW_AND_OLD_IMAGES";
}

void World::live() {
  if (has(Followers::daemons)) start_daemon();
  unsigned total = 0;
  for (const Event& event : events()) total += event.weight;
  for (std::uint64_t left = 30 + chance_.below(60); left > 0; --left) {
    std::uint64_t drawn = chance_.below(total);
    for (const Event& event : events()) {
      if (drawn < event.weight) {
        spdlog::info("event time={} name=\"{}\" items={}", clock_.time().time_since_epoch().count(),
                     event.name, table().size());
        if (event.happen(*this)) ++chance_.counts[event.name];
        break;
      }
      drawn -= event.weight;
    }
  }
}

void World::write(std::size_t changes) {
  const KeySchema& schema = table().key_schema();
  for (; changes > 0; --changes) {
    const std::uint64_t key = chance_.below(keys_);
    const std::uint64_t what = chance_.below(12);
    if (what == 0)
      table().expire(RandomItems::key(schema, key));
    else if (what < 4)
      table().remove(RandomItems::key(schema, key));
    else
      table().put(with_kind(items_.item(schema, key), chance_.random));
    clock_.advance(std::chrono::milliseconds{chance_.below(200)});
  }
}

// The daemons share the machine: whoever is due first goes first.
void World::run_for(std::chrono::milliseconds duration) {
  const TimePoint end = clock_.now() + duration;
  for (std::size_t steps = 0; clock_.now() < end; ++steps) {
    if (steps == kStepsMax) throw Error{Error::Kind::bug, "the daemons turn in a circle"};
    const auto next = std::ranges::min_element(daemons_, {}, &Daemon::due);
    if (next == daemons_.end() || next->due() >= end) break;
    clock_.advance_to(next->due());
    next->step();
    if (!next->follows() && next->done()) daemons_.erase(next);
  }
  clock_.advance_to(end);
  if (!followed_since_ && followers_ == Followers::daemons && status().starts_with("following"))
    followed_since_ = clock_.time();
}

/// Nobody works meanwhile: the daemons are held up, if there are any. PostgreSQL's clock cannot be
/// moved, so what it has written down moves into the past.
void World::pass_time(std::chrono::minutes duration) {
  clock_.advance(duration);
  table().trim();
  const std::string state = quote_identifier(place_.replica.state_schema);
  const std::string past = fmt::format("interval '{} minutes'", duration.count());
  const auto move = [&](const std::string& table, const char* column) {
    control().run(fmt::format("UPDATE {0} SET {1} = {1} - {2}", table, column, past));
  };
  move(state + ".replica", "followed_at");
  move(state + ".replica", "pass_started_at");
  move(state + ".checkpoint", "updated_at");
  move(state + ".dead_letter", "created_at");
  for (const Target& target : operator_.replica(control()).targets)
    move(target.tombstones, "removed_at");
}

void World::start_daemon() { add_daemon(Run::replicate); }

void World::add_daemon(Run run) {
  TableDescription description;
  description.item_count = table().size();
  daemons_.emplace_back(Daemon::options(place_, clock_, chance_.random(), run), transport_,
                        operator_.replica(control()), description);
}

std::list<Daemon>::iterator World::any_daemon() {
  auto daemon = daemons_.begin();
  std::advance(daemon, static_cast<long>(chance_.below(std::max<std::size_t>(1, daemons_.size()))));
  return daemon;
}

bool World::kill_daemon() {
  if (daemons_.empty()) return false;
  daemons_.erase(any_daemon());
  return true;
}

bool World::stop_daemon() {
  if (daemons_.empty()) return false;
  const auto daemon = any_daemon();
  daemon->stop();
  daemons_.erase(daemon);
  return true;
}

void World::invoke_functions(std::uint64_t times) {
  for (; times > 0 && lambda_.invoke(table()); --times)
    clock_.advance(std::chrono::milliseconds{chance_.below(1'000)});
  if (chance_.below(2) == 0) lambda_.thaw();
}

void World::look_after() {
  try {
    operator_.retry_dead_letters(control());
    bool pass_needed = operator_.letters_need_pass(control());
    if (has(Followers::functions)) {
      operator_.maintain(control(), table());
      pass_needed |= !daemon_follows() && operator_.pass_needed(control());
    }
    const bool snapshot_runs = !std::ranges::all_of(daemons_, &Daemon::follows);
    if (pass_needed && !snapshot_runs) add_daemon(Run::snapshot);
  } catch (const Error& error) {
    const bool expected =
        error.kind() == Error::Kind::transient || error.kind() == Error::Kind::gone;
    if (!expected) throw;
    ++chance_.counts["look after all failed"];
  }
}

bool World::daemon_follows() const {
  return std::ranges::any_of(daemons_, [](const Daemon& daemon) { return daemon.follows(); });
}

void World::roll_for_hours() {
  for (int i = 0; i < 6; ++i) {
    pass_time(4h);
    if (table().stream()) table().stream()->replace_shard(1);
    write(chance_.below(3));
  }
}

bool World::crash_postgres() {
  if (!place_.crash_postgres) return false;
  place_.crash_postgres();
  control_.reset();
  return true;
}

void World::cut_connections() {
  control().run(
      "SELECT pg_terminate_backend(pid, 5000) FROM (SELECT pid, row_number() OVER (ORDER BY "
      "backend_start) AS number FROM pg_stat_activity WHERE application_name = $1) c "
      "WHERE number % 3 = $2::integer",
      std::move(pg::Params{}
                    .text(place_.connect.application_name)
                    .number(static_cast<std::int64_t>(chance_.below(3)))));
}

void World::renew_stream() {
  table().disable_stream();
  write(chance_.below(10));
  if (chance_.below(2) == 0) run_for(1s * chance_.below(60));
  clock_.advance(1s);
  constexpr std::array kViewTypes{"NEW_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY", "OLD_IMAGE"};
  const std::uint64_t view = chance_.below(kViewTypes.size());
  if (view > 1) ++chance_.counts["stream without images"];
  table().enable_stream(kViewTypes[view], 1 + chance_.below(3));
}

void World::recreate_table() {
  const KeySchema schema = table().key_schema();
  service_.delete_table(name_);
  if (chance_.below(2) == 0) run_for(1s * chance_.below(60));
  clock_.advance(1s);
  service_.create_table(name_, schema, view_type(), 1 + chance_.below(3));
}

void World::change_weather() {
  Irregularities& irregular = chance_.irregularities;
  const auto percent = [&] { return static_cast<unsigned>(chance_.below(3) * chance_.below(20)); };
  irregular = {.empty_page_percent = percent(),
               .short_page_percent = percent(),
               .late_end_percent = static_cast<unsigned>(chance_.below(100)),
               .moved_trim_percent = 50,
               .listing_max = 1 + chance_.below(5),
               .listing_lag_max = std::chrono::milliseconds{chance_.below(2) * 20'000}};
  transport_.fault_percent = percent();
}

void World::calm_down() {
  chance_.irregularities = {};
  transport_.fault_percent = 0;
}

std::string World::settle() {
  calm_down();
  const bool to_functions =
      followers_ == Followers::functions || (has(Followers::functions) && chance_.below(2) == 0);
  if (to_functions) {
    daemons_.clear();
    operator_.release_table();
  } else if (!daemon_follows()) {
    start_daemon();
  }
  operator_.drop_constraint(control());
  operator_.restore_mapping(control());
  std::string wrong = come_to_rest();
  // No pass has hidden yet what goes wrong behind the last one.
  if (wrong.empty() && place_.changes_targets) {
    operator_.switch_one(control());
    write(10);
    wrong = come_to_rest();
  }
  if (!wrong.empty()) return wrong;
  run_for(2min);
  return difference();
}

std::string World::come_to_rest() {
  const TimePoint end = clock_.now() + kPatience;
  std::string wrong = "nothing was compared";
  while (clock_.now() < end && !wrong.empty()) {
    while (lambda_.invoke(table())) continue;
    lambda_.thaw();
    lambda_.redrive();
    look_after();
    run_for(5s);
    wrong = difference();
  }
  return wrong;
}

std::string World::status() {
  const pg::Result row = control().run(
      fmt::format("SELECT concat_ws(', ', state, open_gaps || ' gaps', problem) FROM {}.status "
                  "WHERE source_arn = $1",
                  quote_identifier(place_.replica.state_schema)),
      std::move(pg::Params{}.text(place_.replica.source->arn)));
  return std::string{row.at(0, 0)};
}

std::string World::difference() {
  for (const Daemon& daemon : daemons_)
    if (daemon.follows() && !daemon.failure().empty())
      return "a daemon has stopped: " + daemon.failure();
  const Replica replica = operator_.replica(control());
  const std::string different = difference_of_items(control(), replica, table().items());
  const pg::Result status = control().run(
      fmt::format("SELECT state, open_gaps, dead_letters, coalesce(problem, '') FROM {}.status "
                  "WHERE source_arn = $1",
                  quote_identifier(place_.replica.state_schema)),
      std::move(pg::Params{}.text(place_.replica.source->arn)));
  const bool calm = (status.at(0, 0) == "following" || !daemon_follows()) &&
                    status.at(0, 1) == "0" && status.at(0, 2) == "0" && status.at(0, 3).empty();
  if (calm && different.empty())
    return place_.changes_targets ? difference_of_past(replica)
                                  : test::difference_of_targets(control(), replica);
  return fmt::format("{}; state {}, {} gaps, {} dead letters, problem \"{}\"",
                     different.empty() ? "identical" : different, status.at(0, 0), status.at(0, 1),
                     status.at(0, 2), status.at(0, 3));
}

std::string World::difference_of_past(const Replica& replica) {
  std::string different;
  for (const Target& target : replica.targets) {
    const std::vector<MappingRules>& ever = operator_.rules_ever(target.table);
    different += difference_of_kept_rows(control(), target, log_, ever, chance_.counts);
    different += difference_of_history(control(), replica, target,
                                       {.log = log_,
                                        .ever = ever,
                                        .since = operator_.history_since(target.table),
                                        .trimmed_before = chance_.now() - 24h,
                                        .followed_since = followed_since_,
                                        .all_delivered = !lambda_.has_given_up()},
                                       chance_.counts);
  }
  return different;
}

pg::Connection& World::control() {
  if (!control_) {
    pg::ConnectOptions options = place_.connect;
    options.application_name = "sim/control";
    control_.emplace(pg::Connection::open(options));
  }
  return *control_;
}

}  // namespace dynamite::sim
