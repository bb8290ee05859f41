#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "core/batch.hpp"
#include "core/error.hpp"

namespace dynamite::fuzz {

/// What a target does with one input: each target defines it. It returns if all is well; a crash,
/// an exception or a broken requirement is a finding.
void run(std::string_view input);

/// Ends the program, saying `what` was to hold, if it does not.
void require(bool holds, std::string_view what);

/// True if `decode` takes its input, false if it refuses it with an Error of one of these kinds.
/// Any other exception passes through, and is a finding.
template <class Decode>
bool accepts(std::initializer_list<Error::Kind> refusals, Decode decode) {
  try {
    decode();
  } catch (const Error& error) {
    if (std::ranges::find(refusals, error.kind()) == refusals.end()) throw;
    return false;
  }
  return true;
}

/// `text` is JSON. simdjson must read it, but for numbers beyond its own types and, where
/// `any_escapes`, lone surrogates.
void require_json(std::string_view text, bool any_escapes = false);

/// Tables with key schemas of every type, with and without a sort key: "Id" a number, or "pk" and
/// perhaps "sk".
const std::array<std::shared_ptr<const SourceTable>, 4>& tables();

/// Every view is into the batch's bytes, every key has the parts of its table's, every image is
/// JSON.
void require_sound(const Batch& batch);

}  // namespace dynamite::fuzz
