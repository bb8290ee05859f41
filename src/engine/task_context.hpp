#pragma once

#include <chrono>

#include "engine/engine_options.hpp"
#include "engine/lane.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// What the engine gives to the tasks of its tables. All outlive them.
struct TaskContext {
  DynamoDb& dynamodb;
  LaneContext lanes;
  const EngineOptions& options;
  std::chrono::milliseconds discovery_interval;  ///< EngineOptions', for so many tables
};

}  // namespace dynamite
