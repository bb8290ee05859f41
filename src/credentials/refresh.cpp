#include "credentials/refresh.hpp"

#include <algorithm>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr auto kTryBefore = 15min;
constexpr auto kMustBefore = 10min;
// A source that is down is not asked at every call.
constexpr auto kTryAgainAfter = 1min;
// The AWS SDKs take 5 to 10 minutes at random; one process needs no spreading.
constexpr auto kOutageExtension = 5min;

}  // namespace

/// The keys, unless it is time to renew them; `even_if_old`: unless they must be renewed.
std::optional<Credentials> RefreshingCredentials::held(bool even_if_old) {
  const Time now = now_();
  const std::scoped_lock lock{mutex_};
  if (!held_ || held_->set.reread) return std::nullopt;
  if (now >= (even_if_old ? held_->must_at : held_->try_at)) return std::nullopt;
  return held_->set.keys;
}

Credentials RefreshingCredentials::get() {
  if (auto good = held(false)) return *good;
  std::uint64_t seen = 0;
  {
    const std::scoped_lock lock{mutex_};
    seen = attempts_;
  }
  std::unique_lock loading{loading_, std::defer_lock};
  if (auto old = held(true)) {
    if (!loading.try_lock()) return *old;
  } else {
    loading.lock();
  }
  if (auto good = held(false)) return *good;
  {
    const std::scoped_lock lock{mutex_};
    if (attempts_ != seen && failure_) std::rethrow_exception(failure_);
  }
  return load_now();
}

Credentials RefreshingCredentials::load_now() {
  try {
    Held fresh = hold(load_());
    const std::scoped_lock lock{mutex_};
    ++attempts_;
    failure_ = nullptr;
    held_ = std::move(fresh);
    return held_->set.keys;
  } catch (const Error&) {
    {
      const std::scoped_lock lock{mutex_};
      ++attempts_;
      failure_ = std::current_exception();
    }
    put_off();
    if (auto old = held(true)) return *old;
    throw;
  }
}

RefreshingCredentials::Held RefreshingCredentials::hold(KeySet set) const {
  if (!set.expiry) return {std::move(set), Time::max(), Time::max()};
  const Time now = now_();
  const Time expiry = *set.expiry;
  const auto left = expiry - now;
  // The service itself is in trouble then, and AWS goes on accepting the keys that it gave.
  if (set.outlives_outage && left <= kMustBefore)
    return {std::move(set), now + kOutageExtension, Time::max()};
  if (left <= 0s)
    throw Error{Error::Kind::usage, "the AWS credentials that were found have expired",
                "renew them, and check this machine's clock"};
  // Keys that live shorter than the margins are used for a third of their life at least.
  if (left <= kTryBefore) return {std::move(set), now + left / 3, now + left * 2 / 3};
  return {std::move(set), expiry - kTryBefore, expiry - kMustBefore};
}

/// After an attempt that failed: the next one is not at once, where the old keys are still good.
void RefreshingCredentials::put_off() {
  const Time now = now_();
  const std::scoped_lock lock{mutex_};
  if (!held_ || held_->set.reread) return;
  if (held_->set.outlives_outage) {
    held_->try_at = now + kOutageExtension;
    held_->must_at = Time::max();
  } else if (now < held_->must_at) {
    held_->try_at = std::min(now + kTryAgainAfter, held_->must_at);
  }
}

void RefreshingCredentials::invalidate(const Credentials& refused) {
  const std::scoped_lock lock{mutex_};
  if (held_ && held_->set.keys.access_key_id == refused.access_key_id &&
      held_->set.keys.session_token == refused.session_token)
    held_.reset();
}

}  // namespace dynamite
