#include "core/batch.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kKeptChunkBytes = std::size_t{64} << 10U;  // one allocation for many keys

}  // namespace

std::size_t Batch::page_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& page : pages) bytes += page->size();
  return bytes;
}

std::string_view Batch::keep(std::string_view bytes) {
  const auto room = [&] { return kept.back().capacity() - kept.back().size(); };
  if (kept.empty() || room() < bytes.size())
    kept.emplace_back().reserve(std::max(kKeptChunkBytes, bytes.size()));
  std::string& chunk = kept.back();
  const std::size_t begin = chunk.size();
  chunk += bytes;
  return std::string_view{chunk}.substr(begin);
}

void append(Batch& batch, Batch more) {
  if (!batch.table || batch.table != more.table)
    throw Error{Error::Kind::bug, "batches of several tables cannot be joined"};
  if (batch.recorded || more.recorded)
    throw Error{Error::Kind::bug, "batches of what was read back cannot be joined"};
  batch.pages.insert(batch.pages.end(), more.pages.begin(), more.pages.end());
  batch.kept.splice(batch.kept.end(), more.kept);
  batch.changes.insert(batch.changes.end(), more.changes.begin(), more.changes.end());
  batch.rejected.insert(batch.rejected.end(), more.rejected.begin(), more.rejected.end());
}

std::optional<Micros> newest_time(const Batch& batch) {
  const auto newest = std::ranges::max_element(batch.changes, {}, &Change::time);
  return newest == batch.changes.end() ? std::nullopt : std::optional{newest->time};
}

bool lacks_images(const Batch& batch) {
  return std::ranges::any_of(batch.changes, [](const Change& change) {
    return change.kind == ChangeKind::put && change.image.empty();
  });
}

}  // namespace dynamite
