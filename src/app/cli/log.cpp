#include "app/cli/log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/visible.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

constexpr const char* kJsonLogger = "json";
constexpr const char* kTextLogger = "text";
constexpr const char* kTimePattern = "%Y-%m-%dT%H:%M:%S.%eZ";

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Decimal numbers as logs print them. Longer ones are names (versions, sequence numbers), of which
/// readers of JSON would lose digits.
bool is_json_number(std::string_view text) noexcept {
  constexpr std::size_t kDigitsMax = 15;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  if (text.size() > kDigitsMax || !all_digits(whole)) return false;
  if (whole.size() > 1 && whole.front() == '0') return false;
  return dot == std::string_view::npos || all_digits(text.substr(dot + 1));
}

struct Field {
  std::string_view key;
  std::string value{};
  bool quoted = false;
};

/// Undoes in_quotes(): characters behind a backslash, and those that became a letter behind one.
std::string unquoted(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const auto escape = std::string_view{"\"\\nrt"}.find(next);
    if (text[i] != '\\' || next == '\0' || escape == std::string_view::npos) {
      plain += text[i];
      continue;
    }
    plain += "\"\\\n\r\t"[escape];
    ++i;
  }
  return plain;
}

/// Whether an odd number of backslashes ends `text`, so that they escape what follows.
bool ends_escaped(std::string_view text) noexcept {
  const auto plain = text.find_last_not_of('\\');
  return (text.size() - (plain == std::string_view::npos ? 0 : plain + 1)) % 2 == 1;
}

/// The last `key=value` or `key="two words"` of `text`, as log_value() and in_quotes() write
/// values; an empty key if it does not end in one.
Field last_field(std::string_view text) {
  const bool quoted =
      text.size() > 1 && text.ends_with('"') && !ends_escaped(text.substr(0, text.size() - 1));
  const auto opening =
      quoted ? text.substr(0, text.size() - 1).rfind("=\"") : std::string_view::npos;
  const auto equals = quoted ? opening : text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) return {};
  const auto before = text.substr(0, equals);
  const auto space = before.rfind(' ');
  const auto key = space == std::string_view::npos ? before : before.substr(space + 1);
  const bool named =
      !key.empty() &&
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos;
  const auto value = text.substr(equals + 1);
  if (!named) return {};
  if (quoted) return {key, unquoted(value.substr(1, value.size() - 2)), true};
  return value.find(' ') == std::string_view::npos ? Field{key, std::string{value}} : Field{};
}

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(message, time);
    const auto level = spdlog::level::to_string_view(message.level);
    auto line = json_log_line({time.data(), time.size()}, {level.data(), level.size()},
                              {message.payload.data(), message.payload.size()});
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  spdlog::pattern_formatter time_{kTimePattern, spdlog::pattern_time_type::utc, ""};
};

spdlog::level::level_enum level_of(LogOptions::Level level) noexcept {
  switch (level) {
    case LogOptions::Level::debug:
      return spdlog::level::debug;
    case LogOptions::Level::info:
      return spdlog::level::info;
    case LogOptions::Level::warn:
      return spdlog::level::warn;
    case LogOptions::Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_terminal() noexcept { return isatty(STDERR_FILENO) == 1; }

/// One line for each event: line breaks in the words of a server, say, are escaped.
class TextFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string payload = visible({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg shown{message};
    shown.payload = payload;
    line_.format(shown, out);
    message.color_range_start = shown.color_range_start;
    message.color_range_end = shown.color_range_end;
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<TextFormatter>();
  }

 private:
  // On a terminal the line of a Progress may stand there: the event takes its place.
  spdlog::pattern_formatter line_{
      (is_terminal() ? "\r\033[K" : "") + std::string{kTimePattern} + " %^%l%$ %v",
      spdlog::pattern_time_type::utc};
};

}  // namespace

void set_up_logging(const LogOptions& options) {
  const bool json = options.format == LogOptions::Format::json;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>(json ? kJsonLogger : kTextLogger, std::move(sink));
  logger->set_formatter(json ? std::unique_ptr<spdlog::formatter>{std::make_unique<JsonFormatter>()}
                             : std::make_unique<TextFormatter>());
  logger->set_level(level_of(options.level));
  spdlog::set_default_logger(std::move(logger));
}

std::string json_log_line(std::string_view time, std::string_view level, std::string_view message) {
  std::vector<Field> fields;
  for (auto field = last_field(message); !field.key.empty(); field = last_field(message)) {
    fields.push_back(field);
    message = message.substr(0, static_cast<std::size_t>(field.key.data() - message.data()));
    message = message.substr(0, message.find_last_not_of(' ') + 1);
  }
  std::ranges::reverse(fields);

  JsonObject line;
  line.text("time", time).text("level", level).text("message", message);
  std::set<std::string> names{"time", "level", "message"};
  for (const auto& field : fields) {
    std::string name{field.key};
    while (!names.insert(name).second) name += '_';
    if (!field.quoted && is_json_number(field.value))
      line.json(name, field.value);
    else
      line.text(name, field.value);
  }
  return line.finish();
}

bool logs_to_terminal() { return is_terminal() && spdlog::default_logger()->name() != kJsonLogger; }

}  // namespace dynamite
