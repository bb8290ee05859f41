#pragma once

#include <string_view>

#include "app/wiring/context.hpp"
#include "ingest/ingest_options.hpp"

namespace dynamite {

/// Options of the event handler for `command`: creates missing replicas where the configuration
/// allows it.
IngestOptions ingest_options(const Context& context, std::string_view command);

}  // namespace dynamite
