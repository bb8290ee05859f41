#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/process.hpp"

namespace dynamite::test {

/// A PgBouncer of a test in front of the test's server, in transaction mode: what one transaction
/// leaves in its session, another client's finds.
class PgBouncer {
 public:
  /// `url` is the server's; `pool_size` connections are shared by all clients.
  PgBouncer(const std::string& url, int pool_size);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  const std::string& url() const noexcept { return url_; }

  /// Ends it and starts another at the same port, as a deployment does.
  void restart();

 private:
  void write_configuration(const std::string& server, int pool_size);
  void start();

  std::string folder_, url_, address_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

}  // namespace dynamite::test
