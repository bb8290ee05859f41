#pragma once

#include <exception>
#include <functional>
#include <mutex>

#include "credentials/key_set.hpp"

namespace dynamite {

/// Keeps the keys that `load` gives and renews them in time. From 15 minutes before they expire it
/// tries to, and keeps the old keys if that fails; from 10 minutes before it must. One thread at a
/// time loads; threads that still have good keys do not wait for it.
class RefreshingCredentials : public CredentialsProvider {
 public:
  using Load = std::function<KeySet()>;
  using Clock = std::function<Time()>;

  RefreshingCredentials(Load load, Clock now) : load_{std::move(load)}, now_{std::move(now)} {}

  /// Throws what `load` throws, and Error{usage} if its keys have expired.
  Credentials get() override;
  void invalidate(const Credentials& refused) override;

 private:
  struct Held {
    KeySet set;
    Time try_at, must_at;  ///< when it is renewed
  };

  std::optional<Credentials> held(bool even_if_old);
  Credentials load_now();
  Held hold(KeySet set) const;
  void put_off();

  Load load_;
  Clock now_;
  std::mutex loading_;  ///< before mutex_, if both
  std::mutex mutex_;    ///< of what follows
  std::optional<Held> held_;
  std::uint64_t attempts_ = 0;
  std::exception_ptr failure_;  ///< of the last attempt, for those who waited for it
};

}  // namespace dynamite
