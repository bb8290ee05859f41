#include "model/routing.hpp"

namespace dynamite::model {
namespace {

Transaction route_one(const Rules& rules, const Bounds& bounds, Byte mapping, Byte record) {
  const bool put = is_put(bounds, record);
  Transaction change{.record = record, .version = version_of(record)};
  if (put && takes(bounds, mapping, record)) {
    change.work = Work::put;
    change.image = record;
    return change;
  }
  const auto before = static_cast<Byte>(record - 1);
  const Byte old_image = before > 0 && is_put(bounds, before) ? before : Byte{0};
  const bool inserts = put && old_image == 0;  // then the record's event name says so
  const bool known = bounds.old_images || inserts;
  const bool passed_over =
      known ? !takes(bounds, mapping, old_image) : put && !rules.known_old_image;
  change.work = passed_over ? Work::nothing : Work::remove;
  change.left = put && bounds.kept && !passed_over;
  return change;
}

}  // namespace

bool is_put(const Bounds& bounds, Byte record) {
  return bounds.writes[static_cast<std::size_t>(record - 1)] != 'R';
}

bool takes(const Bounds& bounds, Byte mapping, Byte image) {
  if (image == 0) return false;
  const char write = bounds.writes[static_cast<std::size_t>(image - 1)];
  return write == 'P' || write == (mapping == 0 ? 'A' : 'B');
}

Transaction route(const Rules& rules, const Bounds& bounds, Byte mapping, Byte first, Byte last) {
  Transaction newest = route_one(rules, bounds, mapping, last);
  for (auto record = last; rules.expand_first && record >= first; --record) {
    newest = route_one(rules, bounds, mapping, record);
    if (newest.work != Work::nothing) break;
  }
  newest.first = first;
  newest.record = last;
  return newest;
}

Transaction route_read_back(const Bounds& bounds, Byte mapping, Byte image, Transaction change) {
  const bool taken = takes(bounds, mapping, image);
  change.work = taken ? Work::put : Work::remove;
  change.image = taken ? image : Byte{0};
  change.left = bounds.kept && !taken && image != 0;
  return change;
}

Transaction route_scanned(const Rules& rules, const Bounds& bounds, Byte mapping,
                          const Page& page) {
  const bool taken = takes(bounds, mapping, page.image);
  return {.work = Work::scanned,
          .image = taken ? page.image : Byte{0},
          .epoch = page.epoch,
          .left = bounds.kept && rules.untaken_page && !taken && page.image != 0};
}

}  // namespace dynamite::model
