#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"

namespace dynamite {

/// What was typed is wrong: throws Error{usage}.
[[noreturn]] void refuse(const std::string& what, std::string hint = "run `dynamite --help`");

/// "NAME:TYPE[,NAME:TYPE]" of --create. Throws Error{usage}.
KeySchema parse_key_schema(std::string_view text);

/// Throws Error{usage} if --all and --table were both given.
void refuse_all_with_tables(bool all, const std::vector<std::string>& tables);

}  // namespace dynamite
