#pragma once

#include "pg/pg_error.hpp"

namespace dynamite {

/// Calls `read_and_apply`, and again while a pass began between its two halves. It asks for the
/// epoch, reads items back from their source, and applies them under that epoch. A pass that began
/// in between might sweep, or spare, by an older state: the transaction is refused then, and the
/// items are read again. docs/protocol.md, "Reading back".
template <class ReadAndApply>
auto repeat_while_epoch_passes(const ReadAndApply& read_and_apply) {
  constexpr int kAttemptsMax = 10;  // passes do not begin that often
  for (int attempt = 1;; ++attempt) {
    try {
      return read_and_apply();
    } catch (const pg::PgError& error) {
      if (error.sqlstate() != pg::kEpochPassed || attempt == kAttemptsMax) throw;
    }
  }
}

}  // namespace dynamite
