#include "support/mutation.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "core/error.hpp"
#include "decode/records.hpp"
#include "decode/records_page.hpp"
#include "json/random_item.hpp"

namespace dynamite {
namespace {

using test::RecordText;

const KeySchema kKeys = test::key_schema(KeyType::S, KeyType::B);

std::string random_event(std::uint64_t seed) {
  RandomItems items{seed, {.attributes_max = 3, .depth_max = 2}};
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < 3; ++i)
    records.push_back(RecordText{.keys = RandomItems::key(kKeys, seed + i),
                                 .new_image = items.item(kKeys, seed + i),
                                 .sequence_number = fmt::format("\"{}\"", i + 1)}
                          .json());
  return test::event_of(records);
}

std::string mutated(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kBytes = "{}[]\",:\\u0dDSNBMLe1.-+ tfn\x01\xFF";
  return test::mutated(std::move(text),
                       {.bytes = kBytes, .count = 1 + random() % 3, .erased_max = 5}, random);
}

bool lies_in(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void expect_sound(const Batch& batch) {
  EXPECT_TRUE(batch.table);
  for (const Change& change : batch.changes) {
    EXPECT_TRUE(lies_in(change.record, *batch.pages.front()));
    EXPECT_TRUE(lies_in(change.image, change.record));
    EXPECT_FALSE(change.key.empty());
  }
  for (const Rejected& rejected : batch.rejected) {
    EXPECT_TRUE(lies_in(rejected.record, *batch.pages.front()));
    EXPECT_FALSE(rejected.reason.empty());
  }
}

TEST(MutatedEvent, IsDecodedOrRefusedAndNeverMisread) {
  const auto table = test::source_table(kKeys);
  int whole = 0, partly = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    try {
      const std::vector<Batch> batches =
          test::decode_event(mutated(random_event(seed), random), table);
      for (const Batch& batch : batches) expect_sound(batch);
      const bool all =
          std::ranges::all_of(batches, [](const Batch& batch) { return batch.rejected.empty(); });
      ++(all ? whole : partly);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), Error::Kind::usage) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(whole, 500);
  EXPECT_GT(partly, 500);
  EXPECT_GT(refused, 500);
}

TEST(MutatedEvent, AsRecordsPageIsDecodedOrAskedForAgain) {
  const auto table = test::source_table(kKeys);
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    try {
      expect_sound(decode_records_page(mutated(random_event(seed), random), table, 1).batch);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), Error::Kind::transient) << error.what();
    }
  }
}

}  // namespace
}  // namespace dynamite
