#pragma once

#include <string>
#include <string_view>

namespace dynamite {

/// What a call is about, by its JSON body: a table's name, a stream's ARN, a secret's name. Empty
/// if the body names none of them.
std::string subject_of(std::string_view body);

}  // namespace dynamite
