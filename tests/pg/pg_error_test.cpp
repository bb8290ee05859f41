#include "pg/pg_error.hpp"

#include <gmock/gmock.h>

#include <string>

namespace dynamite::pg {
namespace {

struct Case {
  std::string sqlstate;
  Error::Kind kind;
};

class SqlState : public ::testing::TestWithParam<Case> {};

TEST_P(SqlState, HasItsKind) {
  EXPECT_EQ(to_string(kind_of_sqlstate(GetParam().sqlstate)), to_string(GetParam().kind));
}

using enum Error::Kind;

INSTANTIATE_TEST_SUITE_P(
    All, SqlState,
    ::testing::Values(Case{"08006", transient}, Case{"40001", transient}, Case{"40P01", transient},
                      Case{"53100", transient}, Case{"53300", transient}, Case{"55P03", transient},
                      Case{"57014", transient}, Case{"57P01", transient}, Case{"57P02", transient},
                      Case{"57P03", transient}, Case{"25006", transient}, Case{"25P03", transient},
                      Case{"26000", transient}, Case{"22003", poison}, Case{"22P05", poison},
                      Case{"23502", poison}, Case{"23505", poison}, Case{"23514", poison},
                      Case{"54000", poison}, Case{"42P01", usage}, Case{"42501", usage},
                      Case{"0A000", usage}, Case{"28P01", usage}, Case{"3D000", usage},
                      Case{"DY001", fenced}, Case{"DY002", fenced}, Case{"DY003", transient},
                      Case{"DY004", usage}, Case{"DY005", transient}, Case{"DY006", transient},
                      Case{"P0001", bug}, Case{"XX000", bug}, Case{"", bug}),
    [](const auto& info) { return "Of" + info.param.sqlstate; });

}  // namespace
}  // namespace dynamite::pg
