#include "engine/worker.hpp"

namespace dynamite {

pg::Connection& Worker::connection() {
  if (!connection_ || !connection_->usable()) {
    applier_.reset();
    connection_.reset();
    connection_.emplace(pg::Connection::open(connect_, stop_));
    applier_.emplace(*connection_, apply_);
  }
  return *connection_;
}

Applier& Worker::applier() {
  connection();
  return *applier_;
}

}  // namespace dynamite
