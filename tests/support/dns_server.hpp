#pragma once

#include <atomic>
#include <thread>

namespace dynamite::test {

/// Answers every question for an IPv4 address with 127.0.0.1, on port 53 of 127.0.0.1.
class DnsServer {
 public:
  DnsServer();  ///< throws std::system_error if the port is not to be had
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  int answers() const { return answers_; }

 private:
  void serve();

  int socket_;
  std::atomic<int> answers_ = 0;
  std::thread server_;
};

}  // namespace dynamite::test
