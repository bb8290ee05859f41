#pragma once

#include <string>
#include <string_view>

namespace dynamite {

/// `attribute` as a name that SQL takes without quotes, unless it is a reserved word: orderId and
/// "Order Date" as order_id and order_date, HTTPServer as http_server, 2nd as _2nd. Letters beyond
/// ASCII stay as they are. Never empty.
std::string snake_case(std::string_view attribute);

}  // namespace dynamite
