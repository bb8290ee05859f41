#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <system_error>

namespace dynamite::test {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr unsigned char kTypeA = 1;

/// The answer to `query`, by RFC 1035; names of one question, nothing else.
std::string answer_to(const std::string& query) {
  const std::size_t name_end = query.find('\0', kHeaderSize);
  const std::string question = query.substr(kHeaderSize, name_end + 5 - kHeaderSize);
  const bool asks_for_a = static_cast<unsigned char>(query.at(name_end + 2)) == kTypeA;
  std::string answer = query.substr(0, 2);
  answer += std::string{"\x81\x80\x00\x01\x00", 5} + (asks_for_a ? '\x01' : '\x00');
  answer += std::string(4, '\0') + question;
  if (asks_for_a)
    answer += std::string{"\xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x3C\x00\x04\x7F\x00\x00\x01", 16};
  return answer;
}

}  // namespace

DnsServer::DnsServer() : socket_{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    close(socket_);
    throw std::system_error{error, std::generic_category(), "port 53"};
  }
  server_ = std::thread{[this] { serve(); }};
}

DnsServer::~DnsServer() {
  shutdown(socket_, SHUT_RDWR);  // wakes the reader, with an error that does not matter
  server_.join();
  close(socket_);
}

void DnsServer::serve() {
  std::array<char, 512> buffer;
  while (true) {
    sockaddr_in peer{};
    socklen_t peer_size = sizeof(peer);
    const ssize_t size = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size <= static_cast<ssize_t>(kHeaderSize)) return;
    const std::string answer = answer_to({buffer.data(), static_cast<std::size_t>(size)});
    sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&peer),
           peer_size);
    ++answers_;
  }
}

}  // namespace dynamite::test
