#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace dynamite {

/// The one exception type. The kind says what the catcher does; see docs/protocol.md, "Errors".
class Error : public std::runtime_error {
 public:
  enum class Kind {
    usage,      ///< the user can mend it: exit 2
    poison,     ///< this record cannot be applied: dead letter
    transient,  ///< repeat the batch after a pause
    fenced,     ///< another owner or pass: stop
    gap,        ///< records of the source are lost: record it, new pass
    gone,       ///< the table or stream is no more
    bug,        ///< ours
  };

  /// `message` is lower case without a full stop and holds no item content and no secret; `hint` is
  /// one command or setting that mends it, or empty.
  Error(Kind kind, const std::string& message, std::string hint = {})
      : std::runtime_error{message}, kind_{kind}, hint_{std::move(hint)} {}

  Kind kind() const noexcept { return kind_; }
  const std::string& hint() const noexcept { return hint_; }

 private:
  Kind kind_;
  std::string hint_;
};

std::string_view to_string(Error::Kind kind) noexcept;

}  // namespace dynamite
