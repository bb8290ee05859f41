#pragma once

#include <span>

#include "app/cli/command.hpp"
#include "app/wiring/context.hpp"

namespace dynamite {

/// Every command, in the order of the help. A new one is a row of this table, and a function in a
/// file of its own.
std::span<const Command> commands() noexcept;

}  // namespace dynamite
