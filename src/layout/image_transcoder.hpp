#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/key_schema.hpp"
#include "json/output.hpp"
#include "json/scanner.hpp"
#include "layout/name_filter.hpp"
#include "layout/natural_json.hpp"

namespace dynamite {

struct SetMember {
  std::string text;   ///< unescaped
  std::string order;  ///< what sorts it: the canonical number, the bytes; empty for SS
};

/// Reads one image attribute by attribute, checks it, and writes its values as natural JSON; see
/// append_natural_json.
class ImageTranscoder {
 public:
  /// `types`: where is said what natural JSON cannot. All outlive it.
  ImageTranscoder(std::string& types, std::string_view image, const ImageKey* key);
  ImageTranscoder(const ImageTranscoder&) = delete;
  ImageTranscoder& operator=(const ImageTranscoder&) = delete;

  /// Takes all of the image. Calls `attribute(name)` for each attribute, whose value it must take
  /// from scanner(); the scanner tells whether the name, a raw token, has escapes.
  template <class Attribute>
  void run(Attribute attribute) {
    try {
      take_attributes(attribute);
      scanner_.expect_end();
    } catch (const Error& error) {
      rethrow_with_place(error);
    }
    finish();
  }

  /// Takes all of the image, and appends its natural JSON to `item`.
  void write_item(std::string& item);

  JsonScanner& scanner() noexcept { return scanner_; }

  /// Takes the next value and appends it to `to`.
  void write_value(JsonOutput& to);

  /// Appends `token`, which stands between quotes in the image, with its quotes.
  static void write_raw(JsonOutput& to, std::string_view token) {
    to.append_from_image({token.data() - 1, token.size() + 2});
  }

 private:
  // The value of an attribute n steps deep is 2n levels of JSON deep.
  static constexpr std::size_t kStepsMax = JsonScanner::kDepthMax / 2;

  /// A step of a JSON pointer: a name as raw token, or, where that has no data, a place in an
  /// array.
  struct Step {
    std::string_view name{};
    std::size_t index = 0;
  };

  /// A part of the key that the record names.
  struct KeyPart {
    const KeyAttribute* attribute = nullptr;  // none: the key has no such part, or none is given
    std::string_view bytes{};
    bool found = false;
  };

  template <class Attribute>
  void take_attributes(Attribute attribute) {
    NameFilter names;
    bool suspicious = false;
    scanner_.peek();
    const char* const begin = scanner_.position();
    scan_object(scanner_, [&](std::string_view name) {
      suspicious |= may_be_there_twice(name, names);
      enter({.name = name});
      const char* const value = scanner_.position();
      attribute(name);
      if (key_[0].attribute != nullptr) hold_against_key(name, scanner_.since(value));
      leave();
    });
    if (suspicious) check_names(begin);
  }

  void hold_against_key(std::string_view name, std::string_view value);
  [[noreturn]] void rethrow_with_place(const Error& error) const;
  void finish();
  std::string place() const;
  bool may_be_there_twice(std::string_view name, NameFilter& names);
  void check_names(const char* object);
  void write_attributes();
  void write_list();
  void write_value();
  void write_type_and_value();
  void write_one_letter(char type);
  void write_typed(std::string_view type);
  void write_string();
  void write_number();
  void write_binary();
  void write_literal(bool is_null);
  void write_set(std::string_view type);
  void write_set_member(std::string_view type, const std::string& text, std::size_t index);

  std::string_view plain_string();
  void write_raw(std::string_view token) { write_raw(out_, token); }
  void write_quoted_base64(std::string_view bytes);
  void note(std::string_view type);
  void enter(Step step);
  void leave() noexcept { --steps_; }

  JsonOutput out_;
  std::string& types_;
  const std::string_view image_;
  JsonScanner scanner_;
  std::string buffer_;                    // of plain_string
  std::array<Step, kStepsMax + 1> path_;  // and a set's member
  std::size_t steps_ = 0;
  std::array<KeyPart, 2> key_{};
  const char* type_shown_ = "";  // of the value that is read, for errors
  bool typed_ = false;
};

/// Takes an array of strings, the members of a set of `type` SS, NS or BS, and sorts them: SS by
/// their UTF-8 bytes, NS by value, BS by the bytes.
std::vector<SetMember> read_set(JsonScanner& scanner, std::string_view type);

}  // namespace dynamite
