#pragma once

#include <string>

namespace dynamite {

/// The statements of a transaction that concern its source as a whole, in the words of
/// docs/protocol.md. Their parameters are those of the functions and columns that they name.
struct SourceSql {
  // What must still hold; docs/protocol.md, "Fencing".
  std::string require_follower, require_pass, require_epoch, require_before;
  std::string dead_letter, require_dead_letters, discard_dead_letters;
  /// In place of dead_letter: a letter that is there is as new as the refusal that it is about.
  std::string dead_letter_anew;
  std::string checkpoint;
  std::string note_attributes;  ///< parameters: note_attributes_params
};

SourceSql source_sql(const std::string& state_schema);

}  // namespace dynamite
