#include "ingest/list_cut.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kRecords = "\"Records\"";

/// Passes over the text and remembers the last places for a cut.
class CutFinder {
 public:
  explicit CutFinder(std::string_view text) : text_{text} {}

  std::optional<ListCut> find() {
    while (at_ < text_.size()) step();
    if (document_end_ > 0)
      return ListCut{.size = document_end_, .rest = document_end_, .closing = "", .opening = ""};
    if (last_comma_ == 0) return std::nullopt;
    return ListCut{.size = last_comma_,
                   .rest = last_comma_ + 1,
                   .closing = list_depth_ == 1 ? "]" : "]}",
                   .opening = std::string{text_.substr(0, list_begin_)}};
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '"') return pass_string();
    ++at_;
    if (c == '[' || c == '{') {
      ++depth_;
      if (c == '[' && list_depth_ == 0 && (depth_ == 1 || (depth_ == 2 && is_records_)))
        begin_list();
    } else if (c == ']' || c == '}') {
      if (depth_ == list_depth_) end_list();
      if (depth_ > 0 && --depth_ == 0) end_document();
    } else if (c == ',' && depth_ > 0 && depth_ == list_depth_) {
      last_comma_ = at_ - 1;
    }
  }

  void begin_list() {
    list_depth_ = depth_;
    list_begin_ = at_;
  }

  void end_list() {
    list_depth_ = 0;
    last_comma_ = 0;
  }

  void end_document() {
    document_end_ = at_;
    end_list();
    is_records_ = false;
  }

  void pass_string() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = at_ < text_.size() ? at_ + 1 : text_.size();
    if (depth_ == 1) is_records_ = text_.substr(begin, at_ - begin) == kRecords;
  }

  std::string_view text_;
  std::size_t at_ = 0, depth_ = 0;
  std::size_t document_end_ = 0;  // of the last whole document
  std::size_t list_depth_ = 0;    // of the list that is open and may be cut; 0: none
  std::size_t list_begin_ = 0;
  std::size_t last_comma_ = 0;
  bool is_records_ = false;  // the last string of the outermost object
};

}  // namespace

std::optional<ListCut> find_list_cut(std::string_view text) { return CutFinder{text}.find(); }

}  // namespace dynamite
