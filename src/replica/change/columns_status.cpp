#include "replica/change/columns_status.hpp"

#include <algorithm>
#include <functional>

#include "mapping/new_columns.hpp"

namespace dynamite {

ColumnsStatus read_columns_status(pg::Connection& connection, const Replica& replica,
                                  const Target& target) {
  ColumnsStatus status{.columns = target.mapping.columns,
                       .in_rest = noted_shares(connection, replica, target),
                       .uncounted = uncounted_notes(connection, replica, target),
                       .waiting = {}};
  status.waiting =
      new_columns(target.mapping, replica.source->key_schema, frequent_attributes(status.in_rest));
  std::erase_if(status.in_rest, [](const AttributeShare& one) { return one.share == 0; });
  std::ranges::stable_sort(status.in_rest, std::ranges::greater{}, &AttributeShare::share);
  return status;
}

}  // namespace dynamite
