#include "mapping/projection.hpp"

#include <numeric>
#include <utility>

#include "core/error.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "layout/image_transcoder.hpp"
#include "layout/typed_value.hpp"
#include "mapping/hashed_value.hpp"

namespace dynamite {
namespace {

// The value of an attribute n steps deep is 2n levels of JSON deep.
constexpr std::size_t kStepsMax = JsonScanner::kDepthMax / 2;

/// The type of the value that `scanner` stands before, even if it is spelled with escapes: what is
/// not shown of a map must be found in it.
std::string plain_type(JsonScanner& scanner) {
  const std::string_view token = take_type(scanner);
  // A single character is no escape. The scanner takes any character for a type's letter, also a
  // backslash.
  if (token.size() == 1) return std::string{token};
  std::string type;
  append_unescaped(type, token);
  return type;
}

}  // namespace

Projection::Projection(const MappingRules& rules, const KeySchema& keys,
                       std::shared_ptr<const HashKey> hash_key)
    : has_only_{!rules.only.empty()}, hash_key_{std::move(hash_key)} {
  add(rules.only, Use::only);
  add(rules.omit, Use::omit);
  add(rules.hash, Use::hash);
  if (!has_only_) return;
  patterns_.push_back({.pattern = PathPattern::of(keys.partition.name)});
  if (keys.sort) patterns_.push_back({.pattern = PathPattern::of(keys.sort->name)});
}

void Projection::add(const std::vector<std::string>& texts, Use use) {
  for (const std::string& text : texts)
    patterns_.push_back({.pattern = PathPattern::parse_or_throw(text), .use = use});
}

Projection::Level Projection::top(std::vector<std::size_t>& going_on) const {
  going_on.resize(patterns_.size());
  std::iota(going_on.begin(), going_on.end(), std::size_t{0});
  return {.begin = 0, .end = going_on.size(), .all = !has_only_};
}

/// Goes from `level` one step on. What goes on there is appended to `going_on`.
template <class Step>
Projection::Shown Projection::enter(std::vector<std::size_t>& going_on, Level& level,
                                    const Step& step) const {
  const Level from = level;
  level.begin = level.end = going_on.size();
  ++level.depth;
  bool shows_within = false;
  bool changes_within = false;
  for (std::size_t i = from.begin; i < from.end; ++i) {
    const std::size_t place = going_on[i];
    const auto& [pattern, use] = patterns_[place];
    if (!pattern.matches(from.depth, step)) continue;
    if (pattern.size() > level.depth) {
      going_on.push_back(place);
      (use == Use::only ? shows_within : changes_within) = true;
    } else if (use == Use::omit) {
      return Shown::nothing;
    } else {
      (use == Use::only ? level.all : level.hashed) = true;
    }
  }
  level.end = going_on.size();
  if (level.all) return changes_within || level.hashed ? Shown::in_part : Shown::all;
  return shows_within ? Shown::in_part : Shown::nothing;
}

bool Projection::may_show(const AttributePath& path) const {
  std::vector<std::size_t> going_on;
  Level level = top(going_on);
  for (const PathStep& step : path.steps) {
    const Shown shown = enter(going_on, level, step);
    if (shown != Shown::in_part) return shown == Shown::all;
  }
  return true;
}

std::string_view Projection::project(std::string_view image, const ImageKey* key) {
  const Level level = top(going_on_);
  std::string types;  // stays empty, since no value is transcoded
  ImageTranscoder transcoder{types, image, key};
  out_ = '{';
  transcoder.run(
      [&](std::string_view name) { write_attribute(transcoder.scanner(), level, name); });
  out_ += '}';
  return out_;
}

bool Projection::write_attribute(JsonScanner& scanner, const Level& level, std::string_view token) {
  if (!scanner.string_has_escapes()) return write_member(scanner, level, token, token);
  std::string name;
  append_unescaped(name, token);
  return write_member(scanner, level, std::string_view{name}, token);
}

/// Takes the next value, `step` within `level`, and writes what is shown of it, behind its name if
/// it has one. False if nothing is.
template <class Step>
bool Projection::write_member(JsonScanner& scanner, Level level, const Step& step,
                              std::string_view name) {
  const Shown shown = enter(going_on_, level, step);
  const std::size_t size_before = out_.size();
  if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  if (name.data() != nullptr) out_.append(1, '"').append(name).append("\":");
  bool is_shown = shown != Shown::nothing;
  if (shown == Shown::in_part) {
    is_shown = write_part(scanner, level);
  } else {
    const std::string_view value = scanner.skip_value();
    if (is_shown) out_ += value;
  }
  if (!is_shown) out_.resize(size_before);
  going_on_.resize(level.begin);
  return is_shown;
}

bool Projection::write_part(JsonScanner& scanner, const Level& level) {
  if (level.depth > kStepsMax) throw Error{Error::Kind::poison, "nests beyond 64 levels"};
  scanner.peek();
  const char* const begin = scanner.position();
  const std::string type = plain_type(scanner);
  const bool nests = type == "M" || type == "L";
  if (!nests && !(level.all && level.hashed)) {
    scanner.go_to(begin);
    const std::string_view value = scanner.skip_value();
    if (level.all) out_ += value;
    return level.all;
  }
  bool has_any = false;
  if (nests)
    has_any = type == "M" ? write_map(scanner, level) : write_list(scanner, level);
  else
    write_hashed(scanner, type);
  if (scanner.peek() == ',') throw Error{Error::Kind::poison, "more than one type, wanted one"};
  scanner.expect('}');
  return level.all || has_any;
}

void Projection::write_hashed(JsonScanner& scanner, std::string_view type) {
  if (!hash_key_) throw Error{Error::Kind::bug, "an image is to be hashed without a key"};
  append_hashed(out_, scanner, type, *hash_key_);
}

bool Projection::write_map(JsonScanner& scanner, const Level& level) {
  bool has_any = false;
  out_ += R"({"M":{)";
  scan_object(scanner,
              [&](std::string_view name) { has_any |= write_attribute(scanner, level, name); });
  out_ += "}}";
  return has_any;
}

bool Projection::write_list(JsonScanner& scanner, const Level& level) {
  bool has_any = false;
  std::size_t place = 0;
  out_ += R"({"L":[)";
  scan_array(scanner, [&] { has_any |= write_member(scanner, level, place++, {}); });
  out_ += "]}";
  return has_any;
}

}  // namespace dynamite
