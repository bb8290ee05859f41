#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "app/config/config.hpp"
#include "fuzz/fuzz.hpp"
#include "mapping/mapping_json.hpp"

namespace dynamite::fuzz {
namespace {

/// A file that only this process sees, with `text` in it.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : descriptor_{memfd_create("config", MFD_CLOEXEC)} {
    require(write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
            "the file is written");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

ConfigSources sources() {
  ConfigSources result;
  result.environment = [](std::string_view name) -> std::optional<std::string> {
    // So that no profile of this machine gives a region.
    if (name.ends_with("_FILE")) return "/dev/null";
    return std::nullopt;
  };
  return result;
}

void load(const ConfigSources& sources) {
  Config config;
  if (!accepts({Error::Kind::usage}, [&] { config = load_config(sources); })) return;
  require(!config.url.conninfo.empty() && !config.region.empty(), "nothing is missing");
  require(config.schema != config.state_schema, "the two schemas differ");
  require(config.replication.segments.value_or(1) > 0 && config.replication.connections > 0,
          "there is something to work with");
  for (const TableRule& rule : config.tables) {
    require(find_rule(config.tables, rule.name) != nullptr, "a rule matches its own name");
    require(!rule.targets.empty(), "a rule has a target");
    for (const TargetRule& target : rule.targets) {
      const Mapping mapping{.rules = target.mapping};
      require(mapping_of_json(target.mapping.layout, to_json(mapping)) == mapping,
              "the catalogue keeps what a target's rule says");
    }
  }
}

}  // namespace

/// A configuration file, and the same as an argument of --set.
void run(std::string_view input) {
  const MemoryFile file{input};
  ConfigSources from_file = sources();
  from_file.file = file.path();
  load(from_file);

  ConfigSources from_argument = sources();
  from_argument.settings = {std::string{input}};
  from_argument.needs = {.database = false, .region = false};
  accepts({Error::Kind::usage}, [&] { load_config(from_argument); });
}

}  // namespace dynamite::fuzz
