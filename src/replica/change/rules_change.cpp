#include "replica/change/rules_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "mapping/new_columns.hpp"
#include "mapping/projection.hpp"
#include "pg/identifier.hpp"
#include "replica/change/history_change.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

/// The whole attribute stands in the column as it is: a move out of `_rest` can fill the column.
bool is_plain(const AttributeColumn& column) {
  return column.from.is_attribute() && !column.from.steps.front().name.empty() && !column.take &&
         !converts(column.type);
}

/// Of a column that was the layout's own, before the layout changed.
const AttributePath kOfNoAttribute = AttributePath::of("");

bool is_own(const AttributeColumn& column) { return column.from == kOfNoAttribute; }

bool has_same_source(const AttributeColumn& one, const AttributeColumn& other) {
  return one.from == other.from && one.take == other.take && one.unit == other.unit;
}

template <class Columns>
auto column_named(const Columns& columns, std::string_view name) {
  const auto found = std::ranges::find(
      columns, name, [](const auto& column) -> const std::string& { return column.name; });
  return found == columns.end() ? nullptr : &*found;
}

/// The only value column of that Column::field; null: the layout has none.
const Column* value_of(const Layout& layout, std::string_view field) {
  const auto found = std::ranges::find(layout.values(), field, &Column::field);
  return found == layout.values().end() ? nullptr : &*found;
}

/// How a target comes from its old mapping to the new rules.
class RulesPlan {
 public:
  RulesPlan(const Target& target, const KeySchema& keys, const MappingRules& rules,
            std::span<const FoundColumn> found, RetiredColumns retired)
      : target_{target},
        old_{target.mapping},
        rules_{rules},
        found_{found},
        retired_{retired},
        projection_{rules, keys},
        layout_{Mapping{.rules = rules}.layout(keys)},
        table_{target.qualified_name()} {}

  TargetChange make() {
    for (const AttributeColumn& column : old_.columns) keep(column);
    if (rules_.layout == LayoutKind::columns)
      for (const AttributeColumn& column : rules_.declared) declare(column);
    if (rules_.layout != old_.rules.layout) switch_layout();
    if (rules_.where != old_.rules.where) change_where();
    if (rules_.only != old_.rules.only || rules_.omit != old_.rules.omit)
      need_pass(
          "what `only` and `omit` say has changed: a pass writes all rows anew, and only then "
          "is gone what they do not show any more");
    if (rules_.hash != old_.rules.hash || rules_.hash_fingerprint != old_.rules.hash_fingerprint)
      need_pass(
          "what `hash` says, or its key, has changed: a pass writes all rows anew, and only then "
          "is gone what they showed before");
    if (rules_.only != old_.rules.only || rules_.omit != old_.rules.omit ||
        rules_.hash != old_.rules.hash)
      warn_of_kept_rows();
    change_removals();
    plan_history(target_, rules_, change_);
    if (change_.reads_older_back) say(older_records_are_read_back());
    if (retired_ == RetiredColumns::drop) drop_retired();
    change_.target_id = target_.id;
    change_.mapping = Mapping{.rules = rules_, .columns = std::move(columns_)};
    const auto additions = add_columns_sql(target_, added_);
    change_.ddl.insert(change_.ddl.end(), additions.begin(), additions.end());
    change_.ddl.insert(change_.ddl.end(), comments_.begin(), comments_.end());
    if (change_.words.empty()) say("nothing becomes of the rows that are there");
    return std::move(change_);
  }

 private:
  void say(std::string words) { change_.words.push_back(std::move(words)); }
  void need_pass(std::string words) {
    change_.needs_pass = true;
    say(std::move(words));
  }
  void change_where() {
    change_.reads_older_back = true;
    need_pass(
        "`where` has changed: a pass writes the items that it takes now, and removes the rows "
        "of those that it does not take any more");
  }
  void alter(std::string_view what) {
    change_.ddl.push_back(fmt::format("ALTER TABLE {} {}", table_, what));
  }
  void comment(const AttributeColumn& column) {
    comments_.push_back(fmt::format("COMMENT ON COLUMN {}.{} IS {}", table_,
                                    quote_identifier(column.name),
                                    quote_literal(description(column))));
  }

  /// A column that the table has.
  void keep(AttributeColumn column) {
    if (column_named(layout_.all(), column.name) != nullptr) {
      if (is_own(column)) return;  // the layout's again
      give_other_name(column);
    }
    const AttributeColumn* const declared =
        rules_.layout == LayoutKind::columns ? column_named(rules_.declared, column.name) : nullptr;
    if (declared != nullptr)
      keep_declared(column, *declared);
    else if (stays_without_declaration(column))
      fill(column);
    else
      retire(column);
  }

  /// The layout's own column, `item` or `removed_at`, must have its name, and an attribute may be
  /// called so too.
  void give_other_name(AttributeColumn& column) {
    const std::string old = column.name;
    do column.name += '_';
    while (column_named(found_, column.name) != nullptr ||
           column_named(layout_.all(), column.name) != nullptr);
    alter(fmt::format("RENAME COLUMN {} TO {}", quote_identifier(old),
                      quote_identifier(column.name)));
    say(fmt::format("the column \"{}\" is called \"{}\" from now on, since the layout has a \"{}\"",
                    old, column.name, old));
    renamed_.push_back(old);
  }

  bool stays_without_declaration(const AttributeColumn& column) const {
    const bool was_declared = column_named(old_.rules.declared, column.name) != nullptr;
    return rules_.layout == LayoutKind::columns && is_plain(column) &&
           projection_.may_show(column.from) &&
           (rules_.new_columns || !(was_declared || column.retired));
  }

  void keep_declared(const AttributeColumn& column, const AttributeColumn& declared) {
    if (column.type != declared.type) {
      retype(column, declared);
    } else if (has_same_source(column, declared)) {
      fill(column);
    } else {
      columns_.push_back(declared);
      comment(declared);
      need_pass(fmt::format("the column \"{}\" shows {} now: a pass fills it", declared.name,
                            declared.from.text()));
    }
  }

  /// A column that stands for the same as before, or for the same again.
  void fill(AttributeColumn column) {
    if (column.retired) {
      column.retired = false;
      comment(column);
      need_pass(fmt::format("the column \"{}\" is filled again, by a pass", column.name));
    }
    columns_.push_back(std::move(column));
  }

  void retype(const AttributeColumn& column, const AttributeColumn& declared) {
    if (retired_ == RetiredColumns::keep)
      throw Error{
          Error::Kind::usage,
          fmt::format("the column \"{}\" of {} is {}, but the configuration says {}", column.name,
                      table_, type_name(column.type), type_name(declared.type)),
          "`dynamite bootstrap --drop-columns` drops it and makes it anew; a pass fills it "
          "then"};
    alter("DROP COLUMN " + quote_identifier(column.name));
    added_.push_back(declared);
    columns_.push_back(declared);
    need_pass(fmt::format("the column \"{}\" is dropped and made anew as {}: a pass fills it",
                          column.name, type_name(declared.type)));
  }

  void retire(AttributeColumn column) {
    if (!column.retired) {
      column.retired = true;
      column.filling = false;
      comment(column);
      change_.needs_pass = true;
      if (rules_.layout == old_.rules.layout && retired_ == RetiredColumns::keep)
        say(
            fmt::format("the column \"{}\" is not filled any more: a pass empties it, and "
                        "--drop-columns drops it",
                        column.name));
    }
    columns_.push_back(std::move(column));
  }

  void declare(AttributeColumn column) {
    if (column_named(columns_, column.name) != nullptr) return;  // it was there
    if (column_named(found_, column.name) != nullptr)
      refuse_foreign(column.name,
                     "declare it under another name, or rename the column that is there");
    const bool is_in_rest = std::ranges::none_of(old_.columns, [&](const AttributeColumn& other) {
      return !other.retired && other.from == column.from;
    });
    const bool moves = is_plain(column) && is_in_rest && rules_.layout == old_.rules.layout;
    column.filling = moves;
    if (moves)
      say(added_in_place(column.name));
    else
      need_pass(fmt::format("the column \"{}\" is added: a pass fills it", column.name));
    added_.push_back(column);
    columns_.push_back(std::move(column));
  }

  /// What becomes of removed items.
  void change_removals() {
    if (rules_.keep_removed == old_.rules.keep_removed &&
        rules_.keep_expired == old_.rules.keep_expired)
      return;
    if (rules_.keeps() && !old_.rules.keeps()) add_removed_at();
    if (!rules_.keeps()) drop_kept_rows();
    say(fmt::format(
        "rows of items that somebody deletes are {} from now on, and of those that "
        "time to live deletes {}",
        rules_.keep_removed ? "kept" : "deleted", rules_.keep_expired ? "kept" : "deleted"));
  }

  void warn_of_kept_rows() {
    if (old_.rules.keeps() || old_.rules.history)
      say("rows that are kept of removed items, and those of a history, are not written anew, and "
          "show what they showed: delete those that must not");
  }

  void add_removed_at() {
    const Column& column = layout_.of(ColumnRole::removed_at);
    if (column_named(found_, column.name) != nullptr && !was_renamed(column.name))
      refuse_foreign(column.name, "rename the column that is there");
    alter(fmt::format("ADD COLUMN {} {}", column.quoted(), type_definition(column.type)));
    comments_.push_back(fmt::format("COMMENT ON COLUMN {}.{} IS {}", table_, column.quoted(),
                                    quote_literal(column.comment)));
  }

  /// Tombstones take over what the kept rows have kept out.
  void drop_kept_rows() {
    const Column& column = target_.layout.of(ColumnRole::removed_at);
    if (retired_ == RetiredColumns::keep)
      throw Error{
          Error::Kind::usage,
          fmt::format("{} keeps rows of removed items, but the configuration says that they are "
                      "deleted",
                      table_),
          fmt::format("`dynamite bootstrap --drop-columns` deletes them, with their column \"{}\"; "
                      "`removed` or `expired` = \"keep\" keeps them",
                      column.name)};
    const KeyColumns& keys = target_.layout.keys();
    change_.ddl.push_back(fmt::format(
        R"(WITH gone AS (
  DELETE FROM {0} t WHERE t.{1} IS NOT NULL RETURNING {2}, t.{3} AS version, t.{4} AS epoch)
{5})",
        table_, column.quoted(), keys.names("t"), target_.layout.of(ColumnRole::version).quoted(),
        target_.layout.of(ColumnRole::epoch).quoted(), tombstones_of_gone_sql(target_)));
    alter("DROP COLUMN " + column.quoted());
    say(fmt::format("rows of removed items and their column \"{}\" go", column.name));
  }

  bool was_renamed(const std::string& column) const {
    return std::ranges::find(renamed_, column) != renamed_.end();
  }

  [[noreturn]] void refuse_foreign(const std::string& name, std::string hint) const {
    throw Error{
        Error::Kind::usage,
        fmt::format("the table {} has a column \"{}\" already, which stands for something else",
                    table_, name),
        std::move(hint)};
  }

  void switch_layout() {
    // What the old layout has beside columns of attributes: `item`, or `_rest`.
    const std::string_view old_field = old_.rules.layout == LayoutKind::document ? "item" : "rest";
    const Column& old_own = *value_of(target_.layout, old_field);
    if (old_own.not_null) alter(fmt::format("ALTER COLUMN {} DROP NOT NULL", old_own.quoted()));
    AttributeColumn retired{
        .name = old_own.name, .type = old_own.type, .from = kOfNoAttribute, .retired = true};
    comment(retired);
    columns_.push_back(std::move(retired));
    const std::string_view field = rules_.layout == LayoutKind::document ? "item" : "rest";
    const Column& own = *value_of(layout_, field);
    const bool was_ours = std::ranges::any_of(old_.columns, [&](const AttributeColumn& column) {
      return is_own(column) && column.name == own.name;
    });
    const bool is_free = column_named(found_, own.name) == nullptr || was_renamed(own.name);
    if (!was_ours && !is_free) refuse_foreign(own.name, "rename the column that is there");
    if (!was_ours) alter(fmt::format("ADD COLUMN {} {}", own.quoted(), type_definition(own.type)));
    comments_.push_back(fmt::format("COMMENT ON COLUMN {}.{} IS {}", table_, own.quoted(),
                                    quote_literal(own.comment)));
    need_pass(
        fmt::format("the layout changes: a pass fills {} and empties {}, and until then the "
                    "rows are as they were",
                    own.quoted(), old_own.quoted()));
  }

  void drop_retired() {
    for (const AttributeColumn& column : columns_) {
      if (!column.retired) continue;
      alter("DROP COLUMN " + quote_identifier(column.name));
      std::erase_if(comments_, [&](const std::string& sql) {
        return sql.starts_with(
            fmt::format("COMMENT ON COLUMN {}.{} IS", table_, quote_identifier(column.name)));
      });
      say(fmt::format("the column \"{}\" is dropped", column.name));
      if (old_.rules.keeps()) say("rows that are kept of removed items lose what stands in it");
    }
    std::erase_if(columns_, &AttributeColumn::retired);
  }

  const Target& target_;
  const Mapping& old_;
  const MappingRules& rules_;
  const std::span<const FoundColumn> found_;
  const RetiredColumns retired_;
  const Projection projection_;
  const Layout layout_;  // of the new rules, without columns of attributes
  const std::string table_;

  TargetChange change_;
  std::vector<AttributeColumn> columns_, added_;
  std::vector<std::string> comments_, renamed_;
};

// Neither rows nor tombstones have what their keys are hashes of.
void require_same_key_hashes(const Target& target, const MappingRules& rules) {
  const MappingRules& old = target.mapping.rules;
  const auto hashed = hashed_key_attributes(old, target.source_keys);
  const bool is_same_key = hashed.empty() || rules.hash_fingerprint == old.hash_fingerprint;
  if (hashed == hashed_key_attributes(rules, target.source_keys) && is_same_key) return;
  throw Error{
      Error::Kind::usage,
      fmt::format(
          "{} was made {}, and the configuration says another `hash` of the table's key, or "
          "another key of hash: the keys of its rows cannot be made anew",
          target.qualified_name(),
          hashed.empty() ? "with keys that are not hashed"
                         : fmt::format("with hashes of {} under the key of fingerprint "
                                       "\"{}\"",
                                       fmt::join(hashed, " and "), old.hash_fingerprint)),
      "let another `state_schema` and another `into` have the new replica"};
}

}  // namespace

std::optional<TargetChange> plan_rules(const Target& target, const KeySchema& keys,
                                       const MappingRules& rules,
                                       std::span<const FoundColumn> found, RetiredColumns retired) {
  const bool drops = retired == RetiredColumns::drop &&
                     std::ranges::any_of(target.mapping.columns, &AttributeColumn::retired);
  if (rules == target.mapping.rules && !drops) return std::nullopt;
  require_same_key_hashes(target, rules);
  if (rules.layout == LayoutKind::columns)
    initial_columns(rules, keys, target.table);  // refuses what cannot be
  return RulesPlan{target, keys, rules, found, retired}.make();
}

}  // namespace dynamite
