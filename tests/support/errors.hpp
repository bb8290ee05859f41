#pragma once

#include <stdexcept>
#include <string>

#include "core/error.hpp"

namespace dynamite::test {

/// The Error that `run` throws. Throws std::logic_error if it throws none.
template <class Run>
Error error_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error{"no Error was thrown"};
}

/// "poison: message", or "" if `run` throws no Error.
template <class Run>
std::string failure_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return std::string{to_string(error.kind())} + ": " + error.what();
  }
  return {};
}

}  // namespace dynamite::test
