#pragma once

#include <exception>

namespace dynamite {

/// Puts /dev/null where a standard stream is closed. A socket or a file must not get the stream's
/// number: what is printed would go into it.
void occupy_standard_streams();

/// Throws Error{transient} unless standard output has taken everything that was printed.
void flush_standard_output();

/// Says on standard error what ended the program, and returns the exit status for it.
int print_failure(const std::exception& failure);

}  // namespace dynamite
