#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// Where progress is shown.
struct ProgressOutput {
  std::function<void(std::string_view)> write;
  std::function<std::chrono::steady_clock::time_point()> now;
  bool redraw = false;  ///< one line redrawn in place, else events, a few seconds apart

  /// Standard error: redrawn on a terminal, log events elsewhere.
  static ProgressOutput standard_error();
};

/// Tells a person how far a long command is. Safe to call from many threads, as often as one likes.
class Progress {
 public:
  /// `total` absent: the end is not known.
  explicit Progress(std::string title, std::optional<std::uint64_t> total = {},
                    ProgressOutput output = ProgressOutput::standard_error());
  ~Progress();  ///< wipes the redrawn line if finish was not called
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `note` is a few words without line breaks, shown behind the numbers.
  void update(std::uint64_t done, std::string_view note = {});

  /// Shows the last state for good.
  void finish(std::uint64_t done, std::string_view note = {});

 private:
  using Clock = std::chrono::steady_clock;

  void show(std::string_view note, bool last);

  const std::string title_;
  const std::optional<std::uint64_t> total_;
  const ProgressOutput output_;
  const Clock::time_point started_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::optional<Clock::time_point> shown_;
  bool finished_ = false;
};

}  // namespace dynamite
