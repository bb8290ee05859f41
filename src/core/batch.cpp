#include "core/batch.hpp"

#include "core/error.hpp"

namespace dynamite {

std::size_t Batch::page_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const std::string& page : pages) bytes += page.size();
  return bytes;
}

void append(Batch& batch, Batch more) {
  if (batch.tables.size() != 1 || batch.tables != more.tables)
    throw Error{Error::Kind::bug, "batches of several tables cannot be joined"};
  batch.pages.splice(batch.pages.end(), more.pages);
  batch.keys.splice(batch.keys.end(), more.keys);
  batch.changes.insert(batch.changes.end(), more.changes.begin(), more.changes.end());
  batch.rejected.insert(batch.rejected.end(), more.rejected.begin(), more.rejected.end());
}

}  // namespace dynamite
