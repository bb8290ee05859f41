#include "engine/suitable.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace dynamite {

std::optional<std::string> why_unfollowable(const TableDescription& table) {
  if (!table.stream_enabled) return fmt::format("\"{}\" has no stream", table.name);
  if (table.stream_view_type != "NEW_IMAGE" && table.stream_view_type != "NEW_AND_OLD_IMAGES")
    return fmt::format(
        "the stream of \"{}\" carries {}, but a replica needs NEW_IMAGE or "
        "NEW_AND_OLD_IMAGES",
        table.name, table.stream_view_type);
  return std::nullopt;
}

void require_followable(const TableDescription& table) {
  const auto why = why_unfollowable(table);
  if (!why) return;
  const std::string enable = fmt::format(
      "aws dynamodb update-table --table-name {} --stream-specification "
      "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES",
      table.name);
  const std::string disable = fmt::format(
      "aws dynamodb update-table --table-name {} --stream-specification StreamEnabled=false; then ",
      table.name);
  throw Error{Error::Kind::usage, *why, table.stream_enabled ? disable + enable : enable};
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
