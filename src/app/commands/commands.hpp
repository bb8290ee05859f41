#pragma once

#include "app/wiring/context.hpp"

namespace dynamite {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitDiffers = 3;  ///< compare: not equal; status: unhealthy; apply: lost

/// Each returns the exit status; results go to standard output. Throws Error.
int run_bootstrap(const Context& context);
int run_verifydb(const Context& context);
int run_snapshot(const Context& context);
int run_replicate(const Context& context);
int run_lambda(const Context& context);
int run_apply(const Context& context);
int run_dead_letters(const Context& context);
int run_release(const Context& context);
int run_compare(const Context& context);
int run_status(const Context& context);
int run_load(const Context& context);
int run_package(const Context& context);

}  // namespace dynamite
