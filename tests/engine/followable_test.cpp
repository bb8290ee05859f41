#include "engine/followable.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "engine/engine.hpp"

namespace dynamite {
namespace {

using ::testing::HasSubstr;

TableDescription table(bool stream_enabled, const std::string& view_type) {
  TableDescription description;
  description.name = "Orders";
  description.stream_enabled = stream_enabled;
  description.stream_view_type = view_type;
  return description;
}

TEST(Suitable, StreamsOfEveryViewTypeAreFollowed) {
  EXPECT_EQ(why_unfollowable(table(true, "KEYS_ONLY")), std::nullopt);
  EXPECT_EQ(why_unfollowable(table(true, "OLD_IMAGE")), std::nullopt);
  EXPECT_EQ(why_unfollowable(table(true, "NEW_IMAGE")), std::nullopt);
  EXPECT_EQ(why_unfollowable(table(true, "NEW_AND_OLD_IMAGES")), std::nullopt);
}

TEST(Suitable, ATableWithoutAStreamNamesTheCommandThatMendsIt) {
  try {
    require_followable(table(false, ""));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_STREQ(error.what(), "\"Orders\" has no stream");
    EXPECT_THAT(error.hint(), HasSubstr("aws dynamodb update-table --table-name Orders"));
    EXPECT_THAT(error.hint(), HasSubstr("StreamViewType=NEW_AND_OLD_IMAGES"));
  }
}

TEST(Suitable, ATableOfAnotherAccountIsRefusedNamingBoth) {
  TableDescription found = table(true, "NEW_IMAGE");
  found.arn = "arn:aws:dynamodb:us-west-2:222222222222:table/Orders";
  const SourceTable source{"arn:aws:dynamodb:us-west-2:111111111111:table/Orders", {}};

  try {
    require_same_table(found, source);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("111111111111"));
    EXPECT_THAT(error.what(), HasSubstr("222222222222"));
  }
}

TEST(Suitable, ATableMadeAgainWithAnotherKeyIsRefused) {
  TableDescription found = table(true, "NEW_IMAGE");
  found.key_schema = {{"pk", KeyType::S}, {}};
  const SourceTable source{"", {{"pk", KeyType::N}, {}}};

  EXPECT_THROW(require_same_table(found, source), Error);
}

TEST(ReadUnits, AQuarterOfWhatIsProvisionedUnlessConfigured) {
  TableDescription provisioned = table(true, "NEW_IMAGE");
  provisioned.provisioned_read_units = 200;

  EXPECT_EQ(read_units_of({}, provisioned), 50);
  EXPECT_EQ(read_units_of(10, provisioned), 10);
  EXPECT_EQ(read_units_of({}, table(true, "NEW_IMAGE")), std::nullopt);
}

}  // namespace
}  // namespace dynamite
