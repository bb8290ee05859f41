#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// The words of a command line, as the AWS SDKs split credential_process: blanks separate, '…' and
/// "…" and \ quote as in a shell, nothing is expanded. Throws Error{usage} at an open quote.
std::vector<std::string> split_command_line(std::string_view line);

/// What a program writes to its standard output. Its standard error is ours, its input is empty.
/// Throws Error{usage}, which names the program only, never its arguments: it cannot be started,
/// ends with another status than 0, writes more than 64 KiB, or takes longer than `limit`.
std::string output_of(const std::vector<std::string>& words, std::chrono::milliseconds limit);

}  // namespace dynamite
