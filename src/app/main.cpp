#include <curl/curl.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "app/cli/command_line.hpp"
#include "app/cli/signals.hpp"
#include "app/cli/standard_streams.hpp"
#include "app/commands/commands.hpp"
#include "app/wiring/secrets.hpp"

namespace dynamite {
namespace {

std::optional<std::string> read_environment(std::string_view name) {
  const char* value = std::getenv(std::string{name}.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

/// Threads hand large buffers on to each other. With an arena for each thread glibc's malloc keeps
/// what one thread has freed from the others, and the process takes twice the memory.
void share_one_arena() { mallopt(M_ARENA_MAX, 1); }

/// The configuration, with the key of `hash` where it is in a secret.
Config complete_config(const CommandLine& line, const Environment& environment,
                       const std::stop_token& stop) {
  Config config = load_config({.file = line.config_file,
                               .settings = line.settings,
                               .tables = line.tables,
                               .environment = environment,
                               .directories = {"", program_directory()},
                               .needs = line.needs});
  for (const std::string& remark : config.remarks) spdlog::warn("{}", remark);
  // Commands that ask nothing of AWS make neither rows nor keys.
  if (line.needs.database && line.needs.region)
    config.hash_key = find_hash_key({line, config, environment, stop});
  return config;
}

int run(const CommandLine& line, const Environment& environment) {
  set_up_logging(line.log);
  const Signals signals;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Config config;
  try {
    config = complete_config(line, environment, signals.token());
  } catch (const Error& error) {
    if (line.command->report_failed_start != nullptr)
      line.command->report_failed_start(environment, error);
    throw;
  }
  return line.command->run({line, config, environment, signals.token()});
}

int run(int argc, char** argv) {
  const Environment environment{read_environment};
  const auto parsed = parse_command_line(argc, argv, environment, commands());
  const auto* line = std::get_if<CommandLine>(&parsed);
  const int status = line != nullptr ? run(*line, environment) : std::get<int>(parsed);
  flush_standard_output();
  return status;
}

}  // namespace
}  // namespace dynamite

int main(int argc, char** argv) {
  dynamite::occupy_standard_streams();
  dynamite::share_one_arena();
  try {
    return dynamite::run(argc, argv);
  } catch (const std::exception& failure) {
    return dynamite::print_failure(failure);
  }
}
