#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "json/output.hpp"
#include "layout/attribute_column.hpp"
#include "layout/image_transcoder.hpp"
#include "layout/row_writer.hpp"
#include "layout/typed_value.hpp"

namespace dynamite {

/// The writer of layout `columns`: typed columns, `_rest` with what does not stand in one of them,
/// and `_types` with what natural JSON cannot say of jsonb columns and of `_rest`. Together they
/// give back the item, but for its key, and but for the spelling of values that were converted.
class ColumnWriter : public RowWriter {
 public:
  ColumnWriter(std::vector<AttributeColumn> columns, const KeySchema& keys);

  void read(std::string_view image, const ImageKey* key) override;
  void write_next(pg::RowSink& row) override;
  std::vector<AttributeNote> take_notes() override;

 private:
  /// An attribute that is known by name.
  struct Attribute {
    std::string name;
    bool is_key = false;
    std::optional<std::size_t> home{};   ///< the column that stands for the attribute
    std::vector<std::size_t> derived{};  ///< columns that show the attribute, or a part, as well
    std::size_t followed_by = 0;         ///< the attribute that came behind it last
  };

  void add_columns();
  const Attribute* find(std::string_view name);
  void place(std::string_view name, ImageTranscoder& image);
  bool place_at_home(std::size_t column, ImageTranscoder& image);
  void derive(std::size_t column, std::string_view value);
  void write_json(std::size_t column, ImageTranscoder& image);
  void write_rest(std::string_view name, ImageTranscoder& image);
  void note(std::string_view name, std::string_view value);

  const std::vector<AttributeColumn> columns_;
  std::vector<Attribute> attributes_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::size_t last_ = 0;  // the known attribute that came last, also of the row before

  // The row's.
  std::string_view image_;
  TypedValues typed_;
  std::vector<TypedValue> values_;  // of each column
  std::string json_, rest_, types_;
  std::optional<JsonOutput> json_out_, rest_out_;
  std::size_t next_ = 0;

  std::unordered_set<std::string> notes_;  // type, a space, name
  std::string note_;                       // that is looked up
};

}  // namespace dynamite
