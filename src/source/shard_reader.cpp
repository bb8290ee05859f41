#include "source/shard_reader.hpp"

#include "decode/records_page.hpp"

namespace dynamite {
namespace {

constexpr int kRecordsMax = 1'000;  // the API's own maximum

}  // namespace

bool is_loss(const Error& error) {
  return error.kind() == Error::Kind::gap || error.kind() == Error::Kind::gone;
}

ShardReader::ShardReader(DynamoDb& dynamodb, ShardPlace place, std::string position)
    : dynamodb_{&dynamodb}, place_{std::move(place)}, position_{std::move(position)} {}

ShardReader ShardReader::at(DynamoDb& dynamodb, ShardPlace place, std::string sequence_number) {
  ShardReader reader{dynamodb, std::move(place), std::move(sequence_number)};
  reader.at_position_ = true;
  return reader;
}

std::string ShardReader::fetch(std::stop_token stop) {
  // Never AT_SEQUENCE_NUMBER with the shard's starting number: no record needs to have it.
  if (!iterator_)
    iterator_ = dynamodb_->shard_iterator({.stream_arn = place_.stream_arn,
                                           .shard_id = place_.shard_id,
                                           .type = position_.empty() ? "TRIM_HORIZON"
                                                   : at_position_    ? "AT_SEQUENCE_NUMBER"
                                                                     : "AFTER_SEQUENCE_NUMBER",
                                           .sequence_number = position_},
                                          stop);
  return dynamodb_->get_records(*iterator_, kRecordsMax, stop);
}

Page ShardReader::next(std::stop_token stop) {
  std::string body;
  try {
    body = fetch(stop);
  } catch (const AwsError& error) {
    if (error.name() != "ExpiredIteratorException") throw;
    iterator_.reset();
    body = fetch(stop);
  }
  RecordsPage answer = decode_records_page(std::move(body), place_.table, place_.generation);
  iterator_ = std::move(answer.next_iterator);
  if (!answer.last_sequence_number.empty()) {
    position_ = std::move(answer.last_sequence_number);
    at_position_ = false;
  }

  Page page{.batch = std::nullopt, .position = position_, .finished = !iterator_};
  if (!answer.batch.changes.empty() || !answer.batch.rejected.empty())
    page.batch = std::move(answer.batch);
  return page;
}

}  // namespace dynamite
