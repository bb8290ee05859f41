#include "layout/column_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "json/text.hpp"
#include "layout/find_value.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kNotesMax = 1'000;

}  // namespace

ColumnWriter::ColumnWriter(std::vector<AttributeColumn> columns, const KeySchema& keys)
    : columns_{std::move(columns)}, values_(columns_.size()) {
  attributes_.push_back({.name = keys.partition.name, .is_key = true});
  if (keys.sort) attributes_.push_back({.name = keys.sort->name, .is_key = true});
  add_columns();
  for (std::size_t i = 0; i < attributes_.size(); ++i) by_name_.emplace(attributes_[i].name, i);
}

void ColumnWriter::add_columns() {
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < attributes_.size(); ++i) known.emplace(attributes_[i].name, i);
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    const AttributeColumn& wanted = columns_[column];
    if (wanted.retired) continue;
    const std::string& name = wanted.from.steps.front().name;
    const auto [found, is_new] = known.emplace(name, attributes_.size());
    if (is_new) attributes_.push_back({.name = name});
    Attribute& attribute = attributes_[found->second];
    const bool is_whole = wanted.from.is_attribute() && !wanted.take && !attribute.is_key;
    const bool is_better =
        is_whole &&
        (!attribute.home || (converts(columns_[*attribute.home].type) && !converts(wanted.type)));
    if (is_better && attribute.home) attribute.derived.push_back(*attribute.home);
    if (is_better)
      attribute.home = column;
    else
      attribute.derived.push_back(column);
  }
}

// Items of a table mostly have their attributes in the same order.
const ColumnWriter::Attribute* ColumnWriter::find(std::string_view name) {
  std::size_t index = attributes_[last_].followed_by;
  if (attributes_[index].name != name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    index = found->second;
    attributes_[last_].followed_by = index;
  }
  last_ = index;
  return &attributes_[index];
}

void ColumnWriter::read(std::string_view image, const ImageKey* key) {
  image_ = image;
  std::ranges::fill(values_, TypedValue{});
  typed_.clear();
  for (std::string* text : {&json_, &rest_, &types_}) text->clear();
  json_out_.reset();
  rest_out_.reset();
  next_ = 0;
  ImageTranscoder transcoder{types_, image, key};
  transcoder.run([&](std::string_view name) { place(name, transcoder); });
  if (rest_out_) rest_out_->put('}');
  for (auto* out : {&json_out_, &rest_out_})
    if (*out) (*out)->finish();
}

void ColumnWriter::place(std::string_view name, ImageTranscoder& image) {
  JsonScanner& scanner = image.scanner();
  std::string unescaped;
  if (scanner.string_has_escapes()) append_unescaped(unescaped, name);
  const Attribute* const attribute =
      find(scanner.string_has_escapes() ? std::string_view{unescaped} : name);
  const char* const begin = scanner.position();
  if (attribute != nullptr && attribute->is_key) {
    scanner.skip_value();
  } else if (attribute == nullptr || !attribute->home || !place_at_home(*attribute->home, image)) {
    scanner.go_to(begin);
    write_rest(name, image);
    note(name, scanner.since(begin));
  }
  if (attribute == nullptr) return;
  for (const std::size_t column : attribute->derived) derive(column, scanner.since(begin));
}

/// False, with the scanner anywhere, if the value does not fit.
bool ColumnWriter::place_at_home(std::size_t column, ImageTranscoder& image) {
  JsonScanner& scanner = image.scanner();
  if (columns_[column].type != ColumnType::jsonb) {
    values_[column] = typed_.read(scanner, columns_[column]);
    return values_[column].index() != 0;
  }
  const char* const begin = scanner.position();
  const std::string_view type = take_type(scanner);
  if (type != "M" && type != "L") return false;
  scanner.go_to(begin);
  write_json(column, image);
  return true;
}

void ColumnWriter::write_json(std::size_t column, ImageTranscoder& image) {
  if (!json_out_) json_out_.emplace(json_, image_);
  const std::size_t begin = json_out_->size();
  image.write_value(*json_out_);
  values_[column] = JsonPart{.begin = begin, .size = json_out_->size() - begin};
}

/// `value`: the attribute's, which is well-formed.
void ColumnWriter::derive(std::size_t column, std::string_view value) {
  const auto found = find_value(value, columns_[column].from);
  if (!found) return;
  JsonScanner scanner{*found};
  if (columns_[column].type != ColumnType::jsonb) {
    values_[column] = typed_.read(scanner, columns_[column]);
    return;
  }
  const std::string_view type = take_type(scanner);
  if (type != "M" && type != "L") return;
  std::string types;  // are said where the whole attribute stands
  ImageTranscoder part{types, *found, nullptr};
  write_json(column, part);
}

void ColumnWriter::write_rest(std::string_view name, ImageTranscoder& image) {
  if (rest_out_) {
    rest_out_->put(',');
  } else {
    rest_out_.emplace(rest_, image_);
    rest_out_->put('{');
  }
  ImageTranscoder::write_raw(*rest_out_, name);
  rest_out_->put(':');
  image.write_value(*rest_out_);
}

void ColumnWriter::note(std::string_view name, std::string_view value) {
  if (name.size() > kNotedNameMax) return;
  JsonScanner scanner{value};
  note_ = take_type(scanner);
  note_ += ' ';
  append_unescaped(note_, name);
  if (notes_.size() < kNotesMax) notes_.insert(note_);
}

std::vector<AttributeNote> ColumnWriter::take_notes() {
  std::vector<AttributeNote> notes;
  for (const std::string& note : std::exchange(notes_, {})) {
    const std::size_t space = note.find(' ');
    notes.push_back({.name = note.substr(space + 1), .type = note.substr(0, space)});
  }
  std::ranges::sort(notes);
  return notes;
}

void ColumnWriter::write_next(pg::RowSink& row) {
  const std::size_t column = next_++;
  if (column < columns_.size()) return write(row, columns_[column].type, values_[column], json_);
  const std::string& text = column == columns_.size() ? rest_ : types_;
  if (text.empty()) return row.null();
  row.json(text);
}

}  // namespace dynamite
