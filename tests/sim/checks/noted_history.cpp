#include "sim/checks/noted_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/arn.hpp"
#include "mapping/projection.hpp"
#include "pg/connection.hpp"
#include "replica/history/history_table.hpp"
#include "replica/state/pass.hpp"
#include "sim/checks/letter_log.hpp"
#include "sim/checks/shown_rows.hpp"
#include "support/natural_json.hpp"
#include "support/noted_history.hpp"

namespace dynamite::sim {
namespace {

using test::NotedRow;

/// What a target shows of items by one of the rules that it was given.
class Rules {
 public:
  Rules(const Target& target, const MappingRules& rules)
      : where_{test::clause_of(rules.where)},
        projection_{rules, target.source_keys, target.mapping.hash_key} {}

  const std::optional<Clause>& where() const { return where_; }

  /// Absent: the target does not take the item.
  std::optional<std::string> shown(std::string_view image) {
    if (where_ && !where_->matches(image)) return std::nullopt;
    return test::canonical_dynamodb_json(
        projection_.shows_all() ? image : projection_.project(image, nullptr));
  }

 private:
  std::optional<Clause> where_;
  Projection projection_;
};

bool has_own_image(const LoggedChange& record) {
  return !record.is_put() || record.view_type.starts_with("NEW");
}

test::SeenRecord seen(const LoggedChange& record) {
  test::SeenRecord seen{.image = record.change.new_image,
                        .old_image = std::nullopt,
                        .is_put = record.is_put(),
                        .is_expiry = record.change.expired};
  if (record.view_type.find("OLD") != std::string::npos) seen.old_image = record.change.old_image;
  return seen;
}

bool had_gaps(pg::Connection& connection, const Replica& replica) {
  return connection
      .run(fmt::format("SELECT count(*) > 0 FROM {} WHERE replica_id = $1::integer",
                       state_name(replica.state_schema, "gap")),
           std::move(pg::Params{}.number(replica.id)))
      .flag(0, 0);
}

class HistoryCheck {
 public:
  HistoryCheck(pg::Connection& connection, const Replica& replica, const Target& target,
               const ToldBy& told, Counts& counts)
      : connection_{connection},
        target_{target},
        told_{told},
        counts_{counts},
        pass_{Passes{connection, replica}.state()},
        has_gaps_{had_gaps(connection, replica)},
        refused_{refused_records(connection, replica)},
        rows_{test::noted_rows(connection, history_of(target))} {
    HashedKeys hashed = target.hashed_keys();
    for (const LoggedChange& change : told.log) {
      const std::string& key = keys_.emplace_back(hashed.of(change.key));
      if (change.is_put()) images_[key].push_back(change.change.new_image);
      if (change.has_record()) records_.emplace(RecordOf{key, version_of(change)}, &change);
    }
    for (const MappingRules& rules : told.ever) rules_.emplace_back(target, rules);
  }

  std::string difference() {
    for (const NotedRow& row : rows_)
      if (!is_explained(row))
        return fmt::format("a row \"{}\" is of no record or item", row.change);
    if (const std::size_t missing = missing_records(); missing > 0)
      return fmt::format("{} records are not there", missing);
    if (told_.since && pass_.completed_epoch > told_.since->epoch && !ends_with_the_rows())
      return "it does not end with the target's rows";
    if (test::overlapping_ranges(connection_, history_of(target_)) > 0) return "ranges overlap";
    return {};
  }

 private:
  static Version version_of(const LoggedChange& change) {
    return {parse_stream_arn(change.stream_arn).generation, change.sequence_number};
  }

  bool is_explained(const NotedRow& row) {
    if (!row.is_of_record) return !row.item || was_shown(row.key, *row.item);
    const auto record = records_.find({row.key, row.record});
    if (record == records_.end()) return false;
    ++counts_["record in a history"];
    if (!has_own_image(*record->second) || refused_.contains(record->first))
      return row.item ? row.change == "put" && was_shown(row.key, *row.item) : row.change != "put";
    return std::ranges::any_of(rules_, [&](Rules& rules) {
      const std::string_view word = test::word_for(seen(*record->second), rules.where());
      return row.change == word &&
             row.item ==
                 (word == "put" ? rules.shown(record->second->change.new_image) : std::nullopt);
    });
  }

  /// Whether a row of `key` may have shown `item` at some time.
  bool was_shown(const std::string& key, const std::string& item) {
    return std::ranges::any_of(rules_, [&](Rules& rules) {
      return std::ranges::any_of(
          images_[key], [&](const std::string& image) { return rules.shown(image) == item; });
    });
  }

  std::size_t missing_records() {
    std::set<RecordOf> noted;
    for (const NotedRow& row : rows_)
      if (row.is_of_record) noted.emplace(row.key, row.record);
    std::size_t missing = 0;
    for (std::size_t i = told_.since ? told_.since->changes : told_.log.size();
         i < told_.log.size(); ++i) {
      if (!told_.log[i].has_record()) continue;
      const RecordOf record{keys_[i], version_of(told_.log[i])};
      if (!must_be_noted(told_.log[i], record)) continue;
      ++counts_["record that must be in a history"];
      if (!noted.contains(record)) ++missing;
    }
    return missing;
  }

  /// What was lost, dropped with its stream or refused need not be.
  bool must_be_noted(const LoggedChange& change, const RecordOf& record) {
    const Version oldest{pass_.oldest_generation, "0"};
    const bool is_followed =
        !has_gaps_ && told_.followed_since && change.time >= *told_.followed_since;
    if (!told_.all_delivered || (change.time < told_.trimmed_before && !is_followed) ||
        record.second < oldest || refused_.contains(record))
      return false;
    return std::ranges::all_of(rules_, [&](Rules& rules) { return concerns(change, rules); });
  }

  /// Whether the record is something to the target in any case. Where nobody knows the item before,
  /// a clause about keys says more than the record.
  static bool concerns(const LoggedChange& change, Rules& rules) {
    if (!rules.where()) return true;
    const test::SeenRecord record = seen(change);
    const std::string_view word = test::word_for(record, rules.where());
    return has_own_image(change) && (word == "put" || (record.old_image && !word.empty()));
  }

  bool ends_with_the_rows() {
    std::map<std::string, std::string> newest;
    for (const NotedRow& row : rows_) {
      newest.erase(row.key);
      if (row.item) newest.emplace(row.key, *row.item);
    }
    ++counts_["history that ends with its target's rows"];
    return newest == shown_rows(connection_, target_);
  }

  pg::Connection& connection_;
  const Target& target_;
  const ToldBy& told_;
  Counts& counts_;
  const PassState pass_;
  const bool has_gaps_;
  const std::set<RecordOf> refused_;
  const std::vector<NotedRow> rows_;
  std::vector<std::string> keys_;  // of the log's changes, as the target has them
  std::map<std::string, std::vector<std::string>> images_;
  std::map<RecordOf, const LoggedChange*> records_;
  std::vector<Rules> rules_;
};

}  // namespace

std::string difference_of_history(pg::Connection& connection, const Replica& replica,
                                  const Target& target, const ToldBy& told, Counts& counts) {
  if (std::ranges::none_of(told.ever, &MappingRules::history)) return {};
  const std::string wrong = HistoryCheck{connection, replica, target, told, counts}.difference();
  return wrong.empty() ? wrong : fmt::format("the history of {}: {}; ", target.table, wrong);
}

}  // namespace dynamite::sim
