#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "layout/attribute_path.hpp"
#include "layout/natural_json.hpp"
#include "mapping/hash_key.hpp"
#include "mapping/mapping.hpp"
#include "mapping/path_pattern.hpp"

namespace dynamite {

class JsonScanner;

/// What `only`, `omit` and `hash` show of an item. A pattern takes all that is at its paths and
/// within. What both take is not shown. A map or list of which `only` takes a part is there if any
/// of this part is; one of which `omit` takes all members is there, and empty. Elements behind one
/// that is not shown move up. Key attributes are shown as if `only` named them. Of what `hash`
/// takes, and is shown, maps and lists are there with their names and places, and hashes stand for
/// all other values (append_hashed).
class Projection {
 public:
  /// `hash_key`: of the rules' `hash`; may_show does without. Throws Error{usage} if one of the
  /// patterns is none.
  Projection(const MappingRules& rules, const KeySchema& keys,
             std::shared_ptr<const HashKey> hash_key = {});

  bool shows_all() const noexcept { return patterns_.empty(); }

  /// False if nothing at `path` or within is ever shown.
  bool may_show(const AttributePath& path) const;

  /// `image` without what is not shown, and hashed where it is to be; lives until the next call.
  /// Throws Error{poison} if the image is no JSON, has an attribute twice, or contradicts `key`
  /// (append_natural_json). Whether values that are not shown are DynamoDB's is not checked; of
  /// hashed ones it is.
  std::string_view project(std::string_view image, const ImageKey* key);

 private:
  enum class Use : std::uint8_t { only, omit, hash };

  struct Pattern {
    PathPattern pattern;
    Use use = Use::only;
  };

  /// The patterns that match the steps to a value and go on, as a part of a list of their places in
  /// patterns_.
  struct Level {
    std::size_t begin = 0, end = 0;
    std::size_t depth = 0;  ///< of the steps
    bool all = false;       ///< everything within is shown, but for what the patterns omit
    bool hashed = false;    ///< everything within that is shown is hashed
  };

  enum class Shown { all, nothing, in_part };

  void add(const std::vector<std::string>& texts, Use use);
  Level top(std::vector<std::size_t>& going_on) const;
  template <class Step>
  Shown enter(std::vector<std::size_t>& going_on, Level& level, const Step& step) const;

  bool write_attribute(JsonScanner& scanner, const Level& level, std::string_view token);
  template <class Step>
  bool write_member(JsonScanner& scanner, Level level, const Step& step, std::string_view name);
  bool write_part(JsonScanner& scanner, const Level& level);
  void write_hashed(JsonScanner& scanner, std::string_view type);
  bool write_map(JsonScanner& scanner, const Level& level);
  bool write_list(JsonScanner& scanner, const Level& level);

  std::vector<Pattern> patterns_;
  bool has_only_ = false;
  std::shared_ptr<const HashKey> hash_key_;
  std::vector<std::size_t> going_on_;  // of project
  std::string out_;
};

}  // namespace dynamite
