#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "suggest/entities.hpp"
#include "suggest/key_form.hpp"

namespace dynamite {

/// The name of what a key's label stands for, `pull_request` of `PULL-REQUEST#`, `customer` of
/// `CUST#`; empty of an empty label.
std::string singular_name(std::string_view label);

/// Names of tables for `entities`, none twice: `orders` of `begin` `ORDER#`. An only entity is
/// called as `source`, DynamoDB's table.
std::vector<std::string> table_names(std::span<const Entity> entities, std::string_view source);

}  // namespace dynamite
