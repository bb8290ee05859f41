#include "engine/worker.hpp"

#include "pg/pg_error.hpp"
#include "pg/session.hpp"

namespace dynamite {

pg::Connection& Worker::connection() {
  if (!connection_ || !connection_->usable()) {
    applier_.reset();
    connection_.reset();
    connection_.emplace(open_for_applying(connect_, stop_));
    watch_client(*connection_);
    applier_.emplace(*connection_, apply_);
  }
  return *connection_;
}

void Worker::note_failure(const Error& error) {
  if (!pg::is_of_former_writer(error)) return;
  applier_.reset();
  connection_.reset();
}

Applier& Worker::applier() {
  connection();
  return *applier_;
}

}  // namespace dynamite
