#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include "app/commands.hpp"
#include "app/handler_options.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr auto kPatience = std::chrono::minutes{10};  // for one file

std::string read(std::istream& stream) {
  return {std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{}};
}

std::string read_file(const std::string& name) {
  if (name == "-") return read(std::cin);
  std::ifstream file{name, std::ios::binary};
  if (!file)
    throw Error{Error::Kind::usage, fmt::format("cannot read \"{}\"", name),
                "name a file of recorded events, or - for standard input"};
  return read(file);
}

}  // namespace

int run_apply(const Context& context) {
  Handler handler{handler_options(context, "apply")};
  for (const std::string& name : context.line.files) {
    const HandlerOutcome outcome = handler.handle_recorded(
        read_file(name), std::chrono::system_clock::now() + kPatience, context.stop);
    fmt::print("{}: {} records, {} keys, {} rows changed, {} dead letters\n", name, outcome.records,
               outcome.changes, outcome.applied, outcome.dead_letters);
  }
  return kExitDone;
}

}  // namespace dynamite
