#pragma once

#include <fmt/format.h>

#include <string_view>

#include "core/error.hpp"

namespace dynamite {

/// Runs `read` on an answer of `operation`. An answer that is not JSON was damaged on its way, and
/// is asked for again: Error{transient} in place of Error{poison}.
template <class Read>
void read_answer(std::string_view operation, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
    throw Error{Error::Kind::transient, fmt::format("answer of {}: {}", operation, error.what())};
  }
}

/// Throws Error{poison} unless the answer has the list `name`. An empty answer without its list
/// would look like the end of a shard or segment.
inline void require_list(bool has_list, std::string_view name) {
  if (!has_list) throw Error{Error::Kind::poison, fmt::format("it has no {}", name)};
}

}  // namespace dynamite
