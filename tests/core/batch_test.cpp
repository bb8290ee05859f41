#include "core/batch.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

Batch batch_of(const std::shared_ptr<const SourceTable>& table, const std::string& page) {
  Batch batch;
  batch.table = table;
  batch.pages.push_back(std::make_shared<const std::string>(page));
  batch.changes.emplace_back();
  batch.changes.back().key = batch.keep(page + " key");
  batch.changes.back().image = *batch.pages.back();
  batch.rejected.emplace_back();
  batch.rejected.back().record = *batch.pages.back();
  return batch;
}

TEST(Batch, WhatWasAppendedStillLooksIntoItsPage) {
  const auto table = std::make_shared<const SourceTable>();
  Batch batch = batch_of(table, "1");  // so short that a string would hold it in itself

  append(batch, batch_of(table, "2"));
  const Batch moved = std::move(batch);

  ASSERT_EQ(moved.changes.size(), 2U);
  EXPECT_EQ(moved.changes[0].image, "1");
  EXPECT_EQ(moved.changes[1].image, "2");
  EXPECT_EQ(moved.changes[1].key, "2 key");
  EXPECT_EQ(moved.rejected[1].record, "2");
  EXPECT_EQ(moved.page_bytes(), 2U);
}

TEST(Batch, OnlyThoseOfTheSameTableAreJoined) {
  Batch batch = batch_of(std::make_shared<const SourceTable>(), "1");

  EXPECT_EQ(test::error_of([&] {
              append(batch, batch_of(std::make_shared<const SourceTable>(), "2"));
            }).kind(),
            Error::Kind::bug);
}

TEST(Batch, TheNewestTimeIsAbsentWithoutAChange) {
  Batch batch;
  EXPECT_EQ(newest_time(batch), std::nullopt);

  for (const int seconds : {1, 3, 2})
    batch.changes.emplace_back().time = Micros{std::chrono::seconds{seconds}};

  EXPECT_EQ(newest_time(batch), Micros{std::chrono::seconds{3}});
}

TEST(Batch, OnlyAPutMayLackItsImage) {
  Batch batch;
  batch.changes.emplace_back().kind = ChangeKind::remove;
  EXPECT_FALSE(lacks_images(batch));

  batch.changes.emplace_back().kind = ChangeKind::put;
  EXPECT_TRUE(lacks_images(batch));
}

TEST(Batch, KeepsBytesInPlaceWhileMoreAreKept) {
  Batch batch;
  std::vector<std::string_view> kept;
  for (int i = 0; i < 10'000; ++i) kept.push_back(batch.keep(std::to_string(i) + " kept bytes"));
  kept.push_back(batch.keep(std::string(200'000, 'x')));  // larger than any chunk

  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(kept[i], std::to_string(i) + " kept bytes");
  EXPECT_EQ(kept.back(), std::string(200'000, 'x'));
}

}  // namespace
}  // namespace dynamite
