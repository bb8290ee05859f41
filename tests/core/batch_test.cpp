#include "core/batch.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

Batch batch_of(const std::shared_ptr<const SourceTable>& table, const std::string& page) {
  Batch batch;
  batch.tables = {table};
  batch.pages.push_back(page);
  batch.keys.push_back(page + " key");
  batch.changes.emplace_back();
  batch.changes.back().key = batch.keys.back();
  batch.changes.back().image = batch.pages.back();
  batch.rejected.emplace_back();
  batch.rejected.back().record = batch.pages.back();
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

}  // namespace
}  // namespace dynamite
