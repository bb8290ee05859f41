#include "replica/apply/rows.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace dynamite {
namespace {

void append_version(pg::Array& array, const Version& version) {
  std::string_view text = version.digits();
  std::string without_point;
  std::int64_t exponent = 0;
  if (const std::size_t point = text.find('.'); point != text.npos) {
    without_point = text;
    without_point.erase(point, 1);
    text = without_point;
    exponent = static_cast<std::int64_t>(point) - std::ssize(text);
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  array.append(pg::Decimal{.digits = text, .exponent = exponent});
}

void append_key(std::vector<KeyArrays>& statements, std::string_view key, const KeySchema& schema) {
  if (statements.empty() || statements.back().size() >= kStatementRowsMax)
    statements.emplace_back(schema);
  statements.back().append(key);
}

std::string lowest_version(std::span<const Change> changes) {
  const auto lowest = std::ranges::min_element(changes, {}, &Change::version);
  return lowest == changes.end() ? "0" : std::string{lowest->version.digits()};
}

bool needs_new_statement(const AfterPuts& after, const RowValues& values) {
  return after.puts.empty() || after.puts.back().size() >= kStatementRowsMax ||
         values.values.bytes() >= kStatementBytesMax;
}

/// Makes rows of one transaction's changes.
class RowMaker {
 public:
  explicit RowMaker(const Target& target)
      : target_{target}, writer_{target.writer()}, keys_{target.hashed_keys()} {}

  void add_put(RowKeys& keys, RowValues& values, const Change& change) {
    values.values.begin_row();
    try {
      read(change);
      for (std::size_t i = 0; i < target_.layout.values().size(); ++i)
        writer_->write_next(values.values);
      append_key(keys, keys_.of(change.key), change.version);
    } catch (const Error&) {
      values.values.undo_row();
      throw;
    }
    values.times.append_timestamp(change.time.time_since_epoch().count());
  }

  /// Adds a change that is no put; false if it is one.
  bool add_unless_put(AfterPuts& after, const Change& change) {
    if (change.kind == ChangeKind::remove)
      add_remove(after, change);
    else if (change.kind == ChangeKind::scanned_untaken)
      add_untaken(after, change);
    else
      return false;
    return true;
  }

  /// Runs `add`, which makes a row of `change`, or sets the change aside.
  template <class Add>
  void add_or_set_aside(AfterPuts& after, const Change& change, Add add) {
    try {
      add();
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      set_aside(after, change, error, keys_.of(change.key), target_.keys());
    }
  }

  std::vector<AttributeNote> take_notes() { return writer_->take_notes(); }

 private:
  void add_remove(AfterPuts& after, const Change& change) {
    if (after.removes.empty() || after.removes.back().size() >= kStatementRowsMax)
      after.removes.emplace_back(target_.keys());
    RowKeys& removes = after.removes.back();
    append_key(removes, keys_.of(change.key), change.version);
    if (!target_.layout.keeps()) return;
    const MappingRules& rules = target_.mapping.rules;
    const bool keeps = (change.removal == Removal::removed && rules.keep_removed) ||
                       (change.removal == Removal::expired && rules.keep_expired);
    if (keeps)
      removes.kept_at.append_timestamp(change.time.time_since_epoch().count());
    else
      removes.kept_at.append_null();
  }

  /// A key that cannot be stored has no row.
  void add_untaken(AfterPuts& after, const Change& change) {
    const std::string_view key = keys_.of(change.key);
    if (is_storable(key, target_.keys())) append_key(after.untaken, key, target_.keys());
  }

  /// The key of a scanned item was read in the item itself.
  void read(const Change& change) {
    if (change.kind == ChangeKind::scanned) return writer_->read(change.image, nullptr);
    key_.emplace(ImageKey{.schema = target_.source_keys, .canonical = change.key});
    writer_->read(change.image, &*key_);
  }

  const Target& target_;
  const std::unique_ptr<RowWriter> writer_;
  HashedKeys keys_;
  std::optional<ImageKey> key_;
};

// A key that cannot be stored has no row to stamp.
void append_stamp(AfterPuts& after, std::string_view key, const KeySchema& keys) {
  if (is_storable(key, keys)) append_key(after.stamps, key, keys);
}

}  // namespace

RowValues::RowValues(const Layout& layout) : values{layout.value_elements()} {}

void append_key(RowKeys& rows, std::string_view key, const Version& version) {
  rows.keys.append(key);
  append_version(rows.versions, version);
}

DeadLetter dead_letter(const Change& change, const Error& reason) {
  return {.key = change.key,
          .record = change.record,
          .version = std::string{change.version.digits()},
          .reason = reason.what(),
          .sqlstate = {},
          .constraint = {}};
}

void add_letters(std::vector<DeadLetter>& letters, std::span<const DeadLetter> more) {
  const std::size_t before = letters.size();
  for (const DeadLetter& letter : more) {
    const bool known = std::ranges::any_of(
        std::span{letters}.first(before),
        [&](const DeadLetter& other) { return other.record.data() == letter.record.data(); });
    if (!known) letters.push_back(letter);
  }
}

void set_aside(AfterPuts& after, const Change& change, const Error& reason, std::string_view key,
               const KeySchema& keys) {
  after.dead_letters.push_back(dead_letter(change, reason));
  if (change.kind == ChangeKind::scanned) append_stamp(after, key, keys);
}

Rows make_rows(std::span<const Change> changes, const Target& target) {
  Rows rows;
  rows.after.lowest_version = lowest_version(changes);
  if (changes.empty()) return rows;
  const KeySchema& schema = target.keys();
  RowMaker maker{target};
  for (const Change& change : changes)
    maker.add_or_set_aside(rows.after, change, [&] {
      if (maker.add_unless_put(rows.after, change)) return;
      if (rows.values.empty() || needs_new_statement(rows.after, rows.values.back())) {
        rows.values.emplace_back(target.layout);
        rows.after.puts.emplace_back(schema);
      }
      maker.add_put(rows.after.puts.back(), rows.values.back(), change);
    });
  rows.after.notes = maker.take_notes();
  return rows;
}

AfterPuts make_rows(std::span<const Change> changes, const Target& target, const PutsReady& ready) {
  AfterPuts after;
  after.lowest_version = lowest_version(changes);
  if (changes.empty()) return after;
  const KeySchema& schema = target.keys();
  RowMaker maker{target};
  RowValues values{target.layout};  // of the statement that is being made; its memory is used again
  const auto pass_on = [&] {
    if (after.puts.empty()) return;
    ready(after.puts.back(), values, after.lowest_version);
    values.values.clear();
    values.times.clear();
  };
  for (const Change& change : changes)
    maker.add_or_set_aside(after, change, [&] {
      if (maker.add_unless_put(after, change)) return;
      if (needs_new_statement(after, values)) {
        pass_on();
        after.puts.emplace_back(schema);
      }
      maker.add_put(after.puts.back(), values, change);
    });
  pass_on();
  after.notes = maker.take_notes();
  return after;
}

}  // namespace dynamite
