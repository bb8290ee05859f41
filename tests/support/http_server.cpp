#include "support/http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <system_error>

namespace dynamite::test {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// The status line's and the headers' values; `head` ends behind its last CRLF.
ServedRequest parse_head(std::string_view head) {
  ServedRequest request;
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const std::size_t method_end = first.find(' ');
  const std::size_t path_end = first.find(' ', method_end + 1);
  request.method = first.substr(0, method_end);
  request.path = first.substr(method_end + 1, path_end - method_end - 1);
  head.remove_prefix(first.size() + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    request.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    head.remove_prefix(line.size() + 2);
  }
  return request;
}

std::string serialized(const ServedResponse& response) {
  std::string out = fmt::format("HTTP/1.1 {} Status\r\n", response.status);
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  return out + fmt::format("content-length: {}\r\n\r\n", response.body.size()) + response.body;
}

void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  stopped.wait(lock, stop, [] { return false; });
}

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

std::string_view ServedRequest::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

class HttpServer::Connection {
 public:
  Connection(int socket, const HttpServer& server)
      : socket_{socket}, server_{server}, thread_{[this] { serve(); }} {}
  ~Connection() {
    close_now();
    thread_.join();
    close(socket_);
  }

  /// Also a connection whose answer is just being sent, as soon as it was.
  void close_when_idle() noexcept {
    close_when_idle_ = true;
    if (idle_) close_now();
  }

  // The descriptor itself is only closed at the end: its number must not be reused meanwhile.
  void close_now() const noexcept { shutdown(socket_, SHUT_RDWR); }

 private:
  void serve();
  bool receive();
  std::optional<ServedRequest> read_request();
  bool answer(const ServedResponse& response);
  bool send_all(std::string_view bytes) const;

  const int socket_;
  const HttpServer& server_;
  std::string received_;
  std::atomic<bool> idle_ = true;
  std::atomic<bool> close_when_idle_ = false;
  std::thread thread_;
};

void HttpServer::Connection::serve() {
  while (auto request = read_request()) {
    request->stop = server_.stop_.get_token();
    ServedResponse response;
    try {
      response = server_.handler_(*request);
    } catch (const std::exception& error) {
      response = {.status = 500, .headers = {}, .body = error.what()};
    }
    if (!answer(response)) break;
  }
  close_now();
}

bool HttpServer::Connection::receive() {
  std::array<char, kReadBytes> buffer;
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<ServedRequest> HttpServer::Connection::read_request() {
  idle_ = received_.empty();
  if (idle_ && close_when_idle_) return std::nullopt;
  std::size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == received_.npos) {
    if (!receive()) return std::nullopt;
    idle_ = false;
  }
  ServedRequest request = parse_head(std::string_view{received_}.substr(0, head_end + 2));
  received_.erase(0, head_end + 4);

  const std::string_view length = request.header("content-length");
  const std::size_t body_bytes = length.empty() ? 0 : std::stoul(std::string{length});
  while (received_.size() < body_bytes)
    if (!receive()) return std::nullopt;
  request.body = received_.substr(0, body_bytes);
  received_.erase(0, body_bytes);
  return request;
}

/// True if the connection lives on.
bool HttpServer::Connection::answer(const ServedResponse& response) {
  if (response.hang) {
    wait_for_stop(server_.stop_.get_token());
    return false;
  }
  const std::string bytes = serialized(response);
  if (response.cut_after_bytes) {
    send_all(std::string_view{bytes}.substr(0, *response.cut_after_bytes));
    return false;
  }
  return send_all(bytes);
}

bool HttpServer::Connection::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

HttpServer::HttpServer(Handler handler) : handler_{std::move(handler)} {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0) throw_errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, generic, &size) != 0)
    throw_errno("listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread{[this] { accept_all(); }};
}

HttpServer::~HttpServer() {
  stop_.request_stop();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const Connection& connection : connections_) connection.close_now();
  connections_.clear();
  close(listener_);
}

std::string HttpServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void HttpServer::accept_all() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (stop_.stop_requested() || socket < 0) {
      if (socket >= 0) close(socket);
      return;
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::scoped_lock lock{mutex_};
    connections_.emplace_back(socket, *this);
  }
}

void HttpServer::close_idle_connections() {
  const std::scoped_lock lock{mutex_};
  for (Connection& connection : connections_) connection.close_when_idle();
}

std::size_t HttpServer::connections_accepted() const {
  const std::scoped_lock lock{mutex_};
  return connections_.size();
}

}  // namespace dynamite::test
