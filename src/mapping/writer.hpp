#pragma once

#include <memory>

#include "layout/layout.hpp"
#include "layout/row_writer.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// What makes the values of `mapping`'s rows, whose layout is `layout`. It needs neither
/// afterwards. Throws Error{usage} if the mapping hashes and has not the key
/// (Mapping::required_hash_key).
std::unique_ptr<RowWriter> writer_of(const Mapping& mapping, const Layout& layout);

}  // namespace dynamite
