#include "support/pgbouncer.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

#include "core/handle.hpp"

namespace dynamite::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

std::map<std::string, std::string> parts_of(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, Closer<PQconninfoFree>> options{
      PQconninfoParse(url.c_str(), nullptr)};
  std::map<std::string, std::string> parts;
  for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option)
    if (option->val != nullptr) parts[option->keyword] = option->val;
  return parts;
}

/// It takes no port 0.
std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(socket, generic, size) == 0 && getsockname(socket, generic, &size) == 0;
  close(socket);
  if (!bound) throw std::runtime_error{"no free port"};
  return ntohs(address.sin_port);
}

}  // namespace

PgBouncer::PgBouncer(const std::string& url, int pool_size) : port_{free_port()} {
  std::string pattern = (std::filesystem::temp_directory_path() / "pgbouncer-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  write_configuration(url, pool_size);
  const auto server = parts_of(url);
  url_ = fmt::format("postgresql://{}:{}@127.0.0.1:{}/{}", server.at("user"), server.at("password"),
                     port_, server.at("dbname"));
  start();
}

PgBouncer::~PgBouncer() {
  process_.reset();
  std::filesystem::remove_all(folder_);
}

void PgBouncer::write_configuration(const std::string& url, int pool_size) {
  const auto server = parts_of(url);
  std::ofstream{folder_ + "/users"}
      << fmt::format("\"{}\" \"{}\"\n", server.at("user"), server.at("password"));
  // It refuses to run as root.
  const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
  std::ofstream{folder_ + "/ini"} << fmt::format(
      "[databases]\n* = host={} port={}\n"
      "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\n"
      "auth_type = scram-sha-256\nauth_file = {}/users\npool_mode = transaction\n"
      "default_pool_size = {}\n{}",
      server.at("host"), server.at("port"), port_, folder_, pool_size,
      user == nullptr ? "" : "user = postgres\n");
  if (user == nullptr) return;
  for (const auto& file : {folder_, folder_ + "/users", folder_ + "/ini"})
    if (chown(file.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error{"cannot give PgBouncer its files"};
}

void PgBouncer::start() {
  process_ = std::make_unique<Process>(std::vector<std::string>{kProgram, folder_ + "/ini"},
                                       std::map<std::string, std::string>{});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (PQping(url_.c_str()) != PQPING_OK) {
    if (!process_->running() || std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"PgBouncer did not start: " + process_->errors()};
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

void PgBouncer::restart() {
  process_->signal(SIGTERM);
  process_->wait();
  start();
}

}  // namespace dynamite::test
