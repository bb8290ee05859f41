#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

struct LogOptions {
  enum class Format { text, json };
  enum class Level { debug, info, warn, error };

  Format format = Format::text;
  Level level = Level::info;
};

/// Makes spdlog's default logger write to standard error: text, or one JSON object a line.
void set_up_logging(const LogOptions& options);

/// One line without its end for `message` as JSON: time, level, message, and every `key=value` at
/// the message's end as a member of its own (a number where the value is one; `key="two words"`).
std::string json_log_line(std::string_view time, std::string_view level, std::string_view message);

/// True if a person reads standard error: a terminal, and logs are text.
bool logs_to_terminal();

}  // namespace dynamite
