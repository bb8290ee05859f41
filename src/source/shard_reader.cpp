#include "source/shard_reader.hpp"

#include "decode/decode.hpp"

namespace dynamite {
namespace {

constexpr int kRecordsMax = 1'000;  // the API's own maximum

}  // namespace

ShardReader::ShardReader(DynamoDb& dynamodb, ShardPlace place, std::string position)
    : dynamodb_{&dynamodb}, place_{std::move(place)}, position_{std::move(position)} {}

std::string ShardReader::fetch(std::stop_token stop) {
  // Never AT_SEQUENCE_NUMBER with the shard's first number: that need not be its first record's.
  if (!iterator_) {
    const auto after = position_.empty() ? std::nullopt : std::optional{position_};
    iterator_ = dynamodb_->shard_iterator(place_.stream_arn, place_.shard_id, after, stop);
  }
  return dynamodb_->get_records(*iterator_, kRecordsMax, stop);
}

Turn ShardReader::next(std::stop_token stop) {
  std::string body;
  try {
    body = fetch(stop);
  } catch (const AwsError& error) {
    if (error.name() != "ExpiredIteratorException") throw;
    iterator_.reset();
    body = fetch(stop);
  }
  RecordsPage page = decode_records_page(std::move(body), place_.table, place_.generation);
  iterator_ = std::move(page.next_iterator);
  if (!page.last_sequence_number.empty()) position_ = std::move(page.last_sequence_number);

  Turn turn{.batch = std::nullopt, .position = position_, .finished = !iterator_};
  if (!page.batch.changes.empty() || !page.batch.rejected.empty())
    turn.batch = std::move(page.batch);
  return turn;
}

}  // namespace dynamite
