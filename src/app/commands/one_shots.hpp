#pragma once

#include <string>

#include "app/commands/commands.hpp"

namespace dynamite {

/// What a Lambda function does once, when it is invoked with {"dynamite": "bootstrap" | "status" |
/// "maintain"} instead of an event of stream records. Each returns JSON. Throws Error.
std::string bootstrap_answer(const Context& context);
std::string status_answer(const Context& context);
std::string maintain_answer(const Context& context);

}  // namespace dynamite
