#include "replica/apply/copied_rows.hpp"

#include <memory>

#include "core/key.hpp"

namespace dynamite {
namespace {

void append_key_part(pg::CopyRows& data, std::string_view part, ColumnType type) {
  if (type == ColumnType::numeric)
    data.numeric(pg::canonical_decimal(part));
  else if (type == ColumnType::bytea)
    data.bytea(part);
  else
    data.text(part);
}

/// A row of COPY has its fields in the order of Layout::all().
class CopyMaker {
 public:
  CopyMaker(pg::CopyRows& data, const Target& target, std::int32_t epoch)
      : data_{data},
        layout_{target.layout},
        epoch_{epoch},
        writer_{target.writer()},
        keys_{target.hashed_keys()} {}

  std::vector<AttributeNote> take_notes() { return writer_->take_notes(); }
  std::string_view key_of(const Change& change) { return keys_.of(change.key); }

  void add(const Change& change) {
    const KeyParts key = split_key(key_of(change));
    std::size_t part = 0;
    data_.begin_row(static_cast<std::int16_t>(layout_.all().size()));
    writer_->read(change.image, nullptr);
    for (const Column& column : layout_.all()) {
      if (column.role == ColumnRole::key)
        append_key_part(data_, key.parts.at(part++), column.type);
      else
        append(column.role, change);
    }
  }

 private:
  void append(ColumnRole role, const Change& change) {
    switch (role) {
      case ColumnRole::changed_at:
      case ColumnRole::created_at:
        return data_.timestamptz(change.time.time_since_epoch().count());
      case ColumnRole::version:
        return data_.numeric({});
      case ColumnRole::epoch:
        return data_.integer(epoch_);
      case ColumnRole::removed_at:
        return data_.null();
      default:
        writer_->write_next(data_);
    }
  }

  pg::CopyRows& data_;
  const Layout& layout_;
  const std::int32_t epoch_;
  const std::unique_ptr<RowWriter> writer_;
  HashedKeys keys_;
};

}  // namespace

CopiedRows make_copied_rows(std::span<const Change> changes, const Target& target,
                            std::int32_t epoch) {
  CopiedRows rows;
  if (changes.empty()) return rows;
  const KeySchema& schema = target.keys();
  CopyMaker maker{rows.data, target, epoch};
  RowKeys& keys = rows.after.puts.emplace_back(schema);  // a statement takes any number of keys
  for (const Change& change : changes) {
    if (change.kind == ChangeKind::scanned_untaken) {
      if (rows.after.untaken.empty()) rows.after.untaken.emplace_back(schema);
      const std::string_view key = maker.key_of(change);
      if (is_storable(key, schema)) rows.after.untaken.front().append(key);
      continue;
    }
    try {
      maker.add(change);
      keys.keys.append(maker.key_of(change));
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      rows.data.undo_row();
      set_aside(rows.after, change, error, maker.key_of(change), schema);
    }
  }
  rows.data.finish();
  rows.after.notes = maker.take_notes();
  return rows;
}

}  // namespace dynamite
