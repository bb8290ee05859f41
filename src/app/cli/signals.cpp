#include "app/cli/signals.hpp"

#include <pthread.h>
#include <unistd.h>

namespace dynamite {

Signals::Signals() {
  // A closed connection or pipe is an error of the call that writes.
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  // The terminal, or the connection behind it, is gone; unless nohup started us.
  struct sigaction of_hangup {};
  sigaction(SIGHUP, nullptr, &of_hangup);
  if (of_hangup.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  waiter_ = std::thread{[this] { wait(); }};
}

Signals::~Signals() {
  done_ = true;
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): blocked, it only wakes the waiter.
  pthread_kill(waiter_.native_handle(), SIGTERM);
  waiter_.join();
}

void Signals::wait() {
  while (true) {
    int signal = 0;
    sigwait(&set_, &signal);
    if (done_) return;
    if (!stop_.request_stop()) _exit(128 + signal);
  }
}

}  // namespace dynamite
