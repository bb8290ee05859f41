#include "engine/engine_options.hpp"

#include <gmock/gmock.h>

#include <tuple>

namespace dynamite {
namespace {

using What = std::tuple<bool, bool, bool>;

What what_does(Run run) { return {follows(run), makes_passes(run), ends_by_itself(run)}; }

TEST(RunTest, SaysWhatIsDoneAndWhetherItEnds) {
  EXPECT_EQ(what_does(Run::snapshot), What(false, true, true));
  EXPECT_EQ(what_does(Run::replicate), What(true, true, false));
  EXPECT_EQ(what_does(Run::replicate_until_drained), What(true, true, true));
  EXPECT_EQ(what_does(Run::follow), What(true, false, false));
  EXPECT_EQ(what_does(Run::follow_until_drained), What(true, false, true));
}

}  // namespace
}  // namespace dynamite
