#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/batch.hpp"
#include "replica/apply/applier.hpp"

namespace dynamite {

/// The first record of an event, by sequence number, that is not applied.
struct FirstFailure {
  std::string sequence_number;  ///< as it arrived
  std::string reason;           ///< no item content
};

struct PrefixOutcome {
  ApplyOutcome applied;
  std::optional<FirstFailure> first_failure;  ///< absent: all was applied after all
};

/// Applies one part of a batch, whole or not at all; throws Error.
using ApplyPart = std::function<ApplyOutcome(const Batch&)>;

/// Applies what comes before the first record that is refused as poison, found by bisection: each
/// part that goes through is committed. If time runs out meanwhile, the first record behind what is
/// committed is the failure. Throws Error if nothing was applied and time ran out, if a record has
/// no sequence number to report, and what `apply` throws that is neither poison nor transient.
/// `batch`: the records of one stream.
PrefixOutcome apply_prefix(const Batch& batch, const ApplyPart& apply);

}  // namespace dynamite
