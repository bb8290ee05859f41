#include "app/cli/progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/cli/log.hpp"

namespace dynamite {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kRedrawInterval{
    200};  // an eye follows no more than five a second
constexpr std::chrono::milliseconds kEventInterval{5'000};

std::string bar(std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t kWidth = 20;
  const double part =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::size_t>(part * static_cast<double>(kWidth));
  return fmt::format("[{}{}] {:3.0f} %", std::string(full, '#'), std::string(kWidth - full, '.'),
                     part * 100);
}

}  // namespace

ProgressOutput ProgressOutput::standard_error() {
  ProgressOutput output;
  output.now = [] { return std::chrono::steady_clock::now(); };
  output.redraw = logs_to_terminal();
  if (output.redraw) {
    output.write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  } else {
    output.write = [](std::string_view text) { spdlog::info("{}", text); };
  }
  return output;
}

Progress::Progress(std::string title, std::optional<std::uint64_t> total, ProgressOutput output)
    : title_{std::move(title)},
      total_{total},
      output_{std::move(output)},
      started_{output_.now()} {}

Progress::~Progress() {
  if (output_.redraw && shown_ && !finished_) output_.write("\r\033[K");
}

void Progress::update(std::uint64_t done, std::string_view note) {
  const std::lock_guard lock{mutex_};
  done_ = done;
  const auto interval = output_.redraw ? kRedrawInterval : kEventInterval;
  if (!finished_ && output_.now() - shown_.value_or(started_) >= interval) show(note, false);
}

void Progress::finish(std::uint64_t done, std::string_view note) {
  const std::lock_guard lock{mutex_};
  done_ = done;
  finished_ = true;
  show(note, true);
}

void Progress::show(std::string_view note, bool last) {
  shown_ = output_.now();
  const double seconds = Seconds{*shown_ - started_}.count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  if (output_.redraw) {
    const auto amount = total_ ? fmt::format("{} {} of {}", bar(done_, *total_), done_, *total_)
                               : fmt::to_string(done_);
    output_.write(fmt::format("\r\033[K{}  {}  {:.0f}/s  {}{}", title_, amount, rate, note,
                              last ? "\n" : ""));
    return;
  }
  std::string event = fmt::format("{} done={}", title_, done_);
  if (total_) event += fmt::format(" total={}", *total_);
  event += fmt::format(" per_second={:.0f}", rate);
  if (!note.empty()) event += fmt::format(" note=\"{}\"", note);
  output_.write(event);
}

}  // namespace dynamite
