#include "engine/followable.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace dynamite {

std::optional<std::string> why_unfollowable(const TableDescription& table) {
  if (!table.stream_enabled) return fmt::format("\"{}\" has no stream", table.name);
  return std::nullopt;
}

void require_followable(const TableDescription& table) {
  const auto why = why_unfollowable(table);
  if (!why) return;
  throw Error{Error::Kind::usage, *why,
              fmt::format("aws dynamodb update-table --table-name {} --stream-specification "
                          "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES",
                          table.name)};
}

void require_same_table(const TableDescription& table, const SourceTable& source) {
  if (table.arn != source.arn)
    throw Error{
        Error::Kind::usage,
        fmt::format("the replica belongs to {}, but the table found is {}", source.arn, table.arn),
        "check region, account and endpoint, or replicate `into` another table"};
  if (table.key_schema != source.key_schema)
    throw Error{Error::Kind::usage,
                fmt::format("\"{}\" was re-created with another key", table.name),
                "replicate it `into` a new table"};
}

}  // namespace dynamite
