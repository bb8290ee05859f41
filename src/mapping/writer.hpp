#pragma once

#include <memory>

#include "layout/layout.hpp"
#include "layout/row_writer.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// What makes the values of rows by `rules`, whose layout is `layout`. It needs neither afterwards.
/// `hash_key`: of the rules' `hash`; null if that names nothing.
std::unique_ptr<RowWriter> writer_of(const MappingRules& rules, const Layout& layout,
                                     std::shared_ptr<const HashKey> hash_key = {});

}  // namespace dynamite
