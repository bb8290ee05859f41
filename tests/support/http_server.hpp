#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "aws/http.hpp"

namespace dynamite::test {

/// What a client sent.
struct ServedRequest {
  std::string method;
  std::string path;  ///< with its query
  Headers headers;   ///< names in lower case
  std::string body;
  std::stop_token stop;  ///< requested when the server is destroyed: for handlers that wait

  /// The first header of that lower-case name, or empty.
  std::string_view header(std::string_view name) const noexcept;
};

struct ServedResponse {
  int status = 200;
  Headers headers{};  ///< content-length is added
  std::string body{};
  /// Only so many bytes are sent, counted from the status line, then the connection is closed.
  std::optional<std::size_t> cut_after_bytes = std::nullopt;
  bool hang = false;  ///< nothing is sent until the server is destroyed
};

/// An HTTP/1.1 server of a test, on a free port of 127.0.0.1. Connections are kept alive.
class HttpServer {
 public:
  /// Called on the thread of each connection, so from several threads at once. One that throws
  /// answers 500 with the exception's words.
  using Handler = std::function<ServedResponse(const ServedRequest&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();  ///< ends all connections and waits for the handlers

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const;  ///< http://127.0.0.1:PORT

  /// Closes the connections that wait for their next request, as servers do after a while.
  void close_idle_connections();
  std::size_t connections_accepted() const;

 private:
  class Connection;

  void accept_all();

  Handler handler_;
  std::stop_source stop_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::list<Connection> connections_;
  std::jthread acceptor_;
};

}  // namespace dynamite::test
