#include "pg/socket_wait.hpp"

#include <poll.h>

namespace dynamite::pg {

short wait_for_socket(int socket, short events, std::chrono::milliseconds timeout) {
  pollfd entry{socket, events, 0};
  const int ready = poll(&entry, 1, static_cast<int>(timeout.count()));
  return ready > 0 ? entry.revents : short{0};
}

}  // namespace dynamite::pg
