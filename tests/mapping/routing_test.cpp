#include "mapping/routing.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::S}, .sort = std::nullopt};

const std::string kPaid = R"({"pk":{"S":"a"},"status":{"S":"paid"}})";
const std::string kOpen = R"({"pk":{"S":"a"},"status":{"S":"open"}})";
const std::string kBroken = R"({"pk":{"S":"a"},"status":{"S":1}})";

class RoutingTest : public ::testing::Test {
 protected:
  RoutingTest() { append_key_part(key_, "a"); }

  Change put(const std::string& image, std::optional<std::string_view> old_image = {}) const {
    return {.key = key_, .image = image, .old_image = old_image, .record = image, .version = {}};
  }
  Change remove(std::optional<std::string_view> old_image = {}) const {
    return {.key = key_,
            .image = {},
            .old_image = old_image,
            .record = {},
            .version = {},
            .kind = ChangeKind::remove};
  }
  Change scanned(const std::string& image) const {
    Change change = put(image);
    change.kind = ChangeKind::scanned;
    return change;
  }

  /// A letter a target: what the change is for it, `-` for nothing.
  static std::string kinds(const Routing& routing, const Change& change) {
    const RoutedChanges routed = routing.route(std::vector{change});
    std::string kinds;
    for (const std::vector<Change>& of_target : routed.changes) {
      if (of_target.empty()) {
        kinds += '-';
        continue;
      }
      switch (of_target.front().kind) {
        case ChangeKind::put:
          kinds += 'p';
          break;
        case ChangeKind::remove:
          kinds += 'r';
          break;
        case ChangeKind::scanned:
          kinds += 's';
          break;
        case ChangeKind::scanned_untaken:
          kinds += 'u';
          break;
      }
    }
    return kinds;
  }

  std::string key_;
  // All, those of another key, those of this key, paid ones, those that are not paid.
  const Routing routing_{
      std::vector<Routing::Rule>{
          {}, {"pk = 'b'"}, {"pk = 'a'"}, {"status = 'paid'"}, {"status <> 'paid'"}},
      kKeys};
};

TEST_F(RoutingTest, WithoutOldImageAPutThatIsNotTakenIsARemove) {
  EXPECT_EQ(kinds(routing_, put(kPaid)), "p-ppr");
  EXPECT_EQ(kinds(routing_, put(kOpen)), "p-prp");
}

TEST_F(RoutingTest, APutThatIsNotTakenIsNothingIfTheItemBeforeWasNotTakenEither) {
  EXPECT_EQ(kinds(routing_, put(kPaid, kPaid)), "p-pp-");
  EXPECT_EQ(kinds(routing_, put(kPaid, kOpen)), "p-ppr");
  EXPECT_EQ(kinds(routing_, put(kOpen, kPaid)), "p-prp");
  EXPECT_EQ(kinds(routing_, put(kOpen, "")), "p-p-p") << "there was no item before";
}

TEST_F(RoutingTest, ARemoveIsNothingIfTheItemWasNotTaken) {
  EXPECT_EQ(kinds(routing_, remove()), "r-rrr");
  EXPECT_EQ(kinds(routing_, remove(kPaid)), "r-rr-");
  EXPECT_EQ(kinds(routing_, remove(kOpen)), "r-r-r");
}

TEST_F(RoutingTest, AClauseAboutKeysLeavesNoDoubtfulRowAlone) {
  const Routing routing{std::vector<Routing::Rule>{{"pk = 'a'"}, {"pk = 'b'"}}, kKeys,
                        TargetRows::doubtful};
  EXPECT_EQ(kinds(routing, put(kPaid)), "pr");
  EXPECT_EQ(kinds(routing, remove()), "rr");
  EXPECT_EQ(kinds(routing, scanned(kPaid)), "s-");
}

TEST_F(RoutingTest, AScannedItemThatIsNotTakenIsNothing) {
  EXPECT_EQ(kinds(routing_, scanned(kPaid)), "s-ss-");
  EXPECT_EQ(kinds(routing_, scanned(kOpen)), "s-s-s");
}

TEST_F(RoutingTest, ATargetThatKeepsRowsIsToldOfScannedItemsThatItDoesNotTake) {
  const Routing routing{
      std::vector<Routing::Rule>{
          {"status = 'paid'", true}, {"status = 'paid'", false}, {"pk = 'b'", true}, {"", true}},
      kKeys};
  EXPECT_EQ(kinds(routing, scanned(kPaid)), "ssus");
  EXPECT_EQ(kinds(routing, scanned(kOpen)), "u-us");
  EXPECT_EQ(kinds(routing, put(kOpen)), "rr-p");
}

TEST_F(RoutingTest, AnItemThatATargetDoesNotTakeAnyMoreHasLeftIt) {
  const RoutedChanges left = routing_.route(std::vector{put(kOpen)});
  EXPECT_EQ(left.changes[3].front().removal, Removal::left);
  Change expired = remove();
  expired.removal = Removal::expired;
  const RoutedChanges removed = routing_.route(std::vector{expired});
  EXPECT_EQ(removed.changes[3].front().removal, Removal::expired);
}

TEST_F(RoutingTest, AnOldImageThatCannotBeReadIsAsGoodAsNone) {
  EXPECT_EQ(kinds(routing_, put(kPaid, kBroken)), "p-ppr");
  EXPECT_EQ(kinds(routing_, put(kOpen, "{")), "p-prp");
}

TEST_F(RoutingTest, ARemoveCarriesNoImage) {
  const Routing routing{std::vector<Routing::Rule>{{"status = 'paid'"}}, kKeys};
  const RoutedChanges routed = routing.route(std::vector{put(kOpen)});
  ASSERT_THAT(routed.changes, ElementsAre(SizeIs(1)));
  EXPECT_EQ(routed.changes[0][0].image, "");
  EXPECT_EQ(routed.changes[0][0].record, kOpen);
}

TEST_F(RoutingTest, AnImageThatAClauseCannotReadConcernsNoTarget) {
  const RoutedChanges routed = routing_.route(std::vector{put(kBroken), put(kPaid)});
  ASSERT_THAT(routed.refused, SizeIs(1));
  EXPECT_EQ(routed.refused[0].first.record.data(), kBroken.data());
  EXPECT_THAT(routed.changes, ElementsAre(SizeIs(1), IsEmpty(), SizeIs(1), SizeIs(1), SizeIs(1)));
}

TEST_F(RoutingTest, CountsItemsThatNoTargetTakes) {
  const Routing routing{std::vector<Routing::Rule>{{"status = 'paid'"}, {"pk = 'b'"}}, kKeys};
  EXPECT_EQ(routing
                .route(std::vector{put(kOpen), put(kOpen, kPaid), put(kPaid), remove(),
                                   scanned(kOpen), scanned(kPaid)})
                .untaken,
            3U);
}

TEST_F(RoutingTest, RefusesWhatIsNoClause) {
  EXPECT_EQ(error_of([] {
              Routing{std::vector<Routing::Rule>{{"status ="}}, kKeys};
            }).kind(),
            Error::Kind::usage);
}

}  // namespace
}  // namespace dynamite::test
