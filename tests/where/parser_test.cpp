#include "where/clause.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::error_of;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(const std::string& text) {
  const Error error = error_of([&] { Clause::parse(text); });
  EXPECT_EQ(error.kind(), Error::Kind::usage) << text;
  constexpr std::string_view kBegin{"clause of \"where\", "};
  const std::string message = error.what();
  EXPECT_THAT(message, StartsWith(std::string{kBegin}));
  return message.substr(std::min(message.size(), kBegin.size()));
}

class Taken : public testing::TestWithParam<const char*> {};

TEST_P(Taken, IsAClause) { EXPECT_NO_THROW(Clause::parse(GetParam())); }

INSTANTIATE_TEST_SUITE_P(
    Clauses, Taken,
    testing::Values(
        "a = 1", "a=1", "a<>-1", "a!=+.5", "a = - 1.", "a = 1e-3", "a=1AND b=2", "a\n=\t1\r\n",
        "a >= 'it''s'", "1 < a", "a = b", "a <= b.c[0].\"d.e\"[1][2]", "\"say \"\"x\"\"\" = ''",
        "$a_1 = 1", "value = 1 OR size = 2", "size(a) > 1", "SIZE (a.b) = size(c)",
        "a BETWEEN 1 AND 1.0 AND b = 2", "a not between b and c", "a IN [1, 'x', b, size(c)]",
        "a IN (1)", "a IN <<1, 2>>", "a Not In [null]", "a IS NULL", "a is not null",
        "a.b IS MISSING", "a[0] IS NOT MISSING", "begins_with(a, 'x')", "BEGINS_WITH(a, b)",
        "contains(a.b, null)", "contains(a, size(b))", "attribute_type(a, 'NULL')",
        "attribute_exists(a)", "attribute_not_exists(\"a\")", "NOT NOT a = 1",
        "NOT (a = 1 OR b = 2) AND (c = 3)", "a = [] OR a = {}", "a = [1, ['x', {'k': null}]]",
        "a = {'k': true, 'l': <<'x', 'y'>>}", "a = <<1, -1>>", "a <> FALSE", "1 = 1",
        "a = 12345678901234567890123456789012345678", "a = 9.9e125", "a = 1E-130"));

struct Refused {
  const char* text;
  const char* message;
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.text; }

class ClauseRefusal : public testing::TestWithParam<Refused> {};

TEST_P(ClauseRefusal, SaysWhereAndWhatIsWanted) {
  EXPECT_EQ(refusal(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, ClauseRefusal,
    testing::Values(
        Refused{"", "column 1: the end is there, wanted a value, an attribute or size(path)"},
        Refused{"  ", "column 3: the end is there, wanted a value, an attribute or size(path)"},
        Refused{"a", "column 2: the end is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"a =", "column 4: the end is there, wanted a value, an attribute or size(path)"},
        Refused{"a = 1 AND",
                "column 10: the end is there, wanted a value, an attribute or size(path)"},
        Refused{"a = 1 b = 2", "column 7: \"b\" is there, wanted AND, OR or the end"},
        Refused{"a == 1", "column 4: \"=\" is there, wanted a value, an attribute or size(path)"},
        Refused{"a = 1 = 1", "column 7: \"=\" is there, wanted AND, OR or the end"},
        Refused{"a-b = 1",
                "column 2: \"-\" is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"a LIKE 'x%'",
                "column 3: \"LIKE\" is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"and = 1",
                "column 1: \"and\" is there, wanted a value, an attribute or size(path)"},
        Refused{"a = missing",
                "column 5: \"missing\" is there, wanted a value, an attribute or size(path)"},
        Refused{"(a = 1", "column 7: the end is there, wanted )"},
        Refused{"a = 1)", "column 6: \")\" is there, wanted AND, OR or the end"},
        Refused{"(a) = 1",
                "column 3: \")\" is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"a = 'paid", "column 5: ' does not end"},
        Refused{"a = 'it''", "column 5: ' does not end"},
        Refused{"\"a = 1", "column 1: \" does not end"},
        Refused{"a = ?", "column 5: \"?\" is no part of a clause"},
        Refused{"a = 1;", "column 6: \";\" is no part of a clause"},
        Refused{"a.b. = 1", "column 6: \"=\" is there, wanted an attribute's name"},
        Refused{"a.'b' = 1", "column 3: \"'b'\" is there, wanted an attribute's name"},
        Refused{"a.in = 1", "column 3: \"in\" is there, wanted an attribute's name"},
        Refused{"\"\" = 1", "column 1: a name is never empty"},
        Refused{"a[-1] = 1", "column 3: \"-\" is there, wanted a place in a list, from 0"},
        Refused{"a[1.0] = 1", "column 3: \"1.0\" is there, wanted a place in a list, from 0"},
        Refused{"a[0 = 1", "column 5: \"=\" is there, wanted ]"},
        Refused{"a BETWEEN 1", "column 12: the end is there, wanted AND and the upper bound"},
        Refused{"a IN 1", "column 6: \"1\" is there, wanted [ and the values"},
        Refused{"a IN []", "column 7: \"]\" is there, wanted a value, an attribute or size(path)"},
        Refused{"a IN [1,]",
                "column 9: \"]\" is there, wanted a value, an attribute or size(path)"},
        Refused{"a IN (1]", "column 8: \"]\" is there, wanted )"},
        Refused{"a NOT 1",
                "column 7: \"1\" is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"a IS STRING", "column 6: \"STRING\" is there, wanted NULL or MISSING"},
        Refused{"1 IS NULL", "column 6: \"NULL\" is there, wanted an attribute before IS"}));

INSTANTIATE_TEST_SUITE_P(
    Values, ClauseRefusal,
    testing::Values(
        Refused{"a = 123456789012345678901234567890123456789",
                "column 5: numbers have at most 38 digits and are within 1E-130 and 9.99E+125"},
        Refused{"a = -1e126",
                "column 5: numbers have at most 38 digits and are within 1E-130 and 9.99E+125"},
        Refused{"a = --1", "column 6: \"-\" is there, wanted a number"},
        Refused{"a = [b]",
                "column 6: \"b\" is there, wanted a string, a number, true, false, "
                "null, a list, a map or a set"},
        Refused{"a = [1,]",
                "column 8: \"]\" is there, wanted a string, a number, true, false, "
                "null, a list, a map or a set"},
        Refused{"a = [1", "column 7: the end is there, wanted ]"},
        Refused{"a = {k: 1}",
                "column 6: \"k\" is there, wanted the name of a member in single quotes"},
        Refused{"a = {'k' 1}", "column 10: \"1\" is there, wanted :"},
        Refused{"a = {'k': 1, 'k': 2}", "column 14: the map has this member twice"},
        Refused{"a = <<>>", "column 7: \">>\" is there, wanted a string or a number"},
        Refused{"a = <<null>>", "column 7: \"null\" is there, wanted a string or a number"},
        Refused{"a = <<1, 'x'>>", "column 10: the members of a set are all strings or all numbers"},
        Refused{"a = <<1, 1.0>>", "column 10: the set has this member twice"},
        Refused{"a < true",
                "column 5: only strings and numbers, and what attributes hold, have an order"},
        Refused{"a >= [1]",
                "column 6: only strings and numbers, and what attributes hold, have an order"},
        Refused{"null < a",
                "column 1: only strings and numbers, and what attributes hold, have an order"},
        Refused{"b = 1 AND [1] NOT BETWEEN a AND 2",
                "column 11: only strings and numbers, and what attributes hold, have an order"},
        Refused{"a BETWEEN 1 AND null",
                "column 17: only strings and numbers, and what attributes hold, have an order"},
        Refused{"a BETWEEN 1 AND 'x'", "column 11: the bounds of BETWEEN are of different types"},
        Refused{"a BETWEEN 2 AND 1",
                "column 11: the lower bound of BETWEEN is above the upper one"},
        Refused{"a = a", "column 5: an attribute is compared with itself"},
        Refused{"a.b[0] < a.\"b\"[0]", "column 10: an attribute is compared with itself"},
        Refused{"a BETWEEN 0 AND a", "column 17: an attribute is compared with itself"},
        Refused{"a IN [1, a]", "column 10: an attribute is compared with itself"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, ClauseRefusal,
    testing::Values(
        Refused{"exists(a)",
                "column 1: there is no function exists, wanted begins_with, contains, "
                "attribute_type, attribute_exists, attribute_not_exists or size"},
        Refused{"a = lower(b)", "column 5: lower is no value"},
        Refused{"size(a)",
                "column 8: the end is there, wanted =, <>, <, <=, >, >=, BETWEEN, IN or IS"},
        Refused{"size(size(a)) = 1", "column 10: \"(\" is there, wanted )"},
        Refused{"size('x') = 1", "column 6: \"'x'\" is there, wanted an attribute's name"},
        Refused{"size(a) IS MISSING",
                "column 12: \"MISSING\" is there, wanted an attribute before IS"},
        Refused{"begins_with('x', a)", "column 13: \"'x'\" is there, wanted an attribute's name"},
        Refused{"begins_with(a)", "column 14: \")\" is there, wanted ,"},
        Refused{"begins_with(a, 1)", "column 16: begins_with wants a string or an attribute here"},
        Refused{"begins_with(a, size(b))",
                "column 16: begins_with wants a string or an attribute here"},
        Refused{"begins_with(a, a)", "column 16: an attribute is compared with itself"},
        Refused{"begins_with(a, 'x') = true",
                "column 21: \"=\" is there, wanted AND, OR or the end"},
        Refused{"contains(a, a)", "column 13: an attribute is compared with itself"},
        Refused{"contains(a, 'x', 1)", "column 16: \",\" is there, wanted )"},
        Refused{"attribute_type(a, 'STRING')",
                "column 19: \"'STRING'\" is there, wanted 'S', 'N', 'B', 'BOOL', 'NULL', 'L', "
                "'M', 'SS', 'NS' or 'BS'"},
        Refused{"attribute_exists('a')",
                "column 18: \"'a'\" is there, wanted an attribute's name"}));

TEST(ClausePlace, CountsCharactersAndLines) {
  EXPECT_THAT(refusal("a = '\xC3\xA9\xF0\x9F\x98\x80' ;"), StartsWith("column 10:"));
  EXPECT_THAT(refusal("a = 1\nAND b =\n  ;"), StartsWith("line 3, column 3:"));
}

TEST(ClausePlace, IsShownWithoutALongRest) {
  EXPECT_THAT(refusal("a = 1 '" + std::string(200, 'x') + "'"),
              HasSubstr("\"'" + std::string(39, 'x') + "\" is there"));
  EXPECT_THAT(refusal("a = 1 '" + std::string(38, 'x') + "\xC3\xA9'"),
              HasSubstr("\"'" + std::string(38, 'x') + "\" is there"));
}

TEST(ClauseHint, SaysHowNamesAreQuoted) {
  const auto hint = [](const std::string& text) {
    return error_of([&] { Clause::parse(text); }).hint();
  };

  for (const char* text : {"a-b = 1", "\xC3\xA9 = 1", "a.in = 1", "in = 1"})
    EXPECT_THAT(hint(text), HasSubstr("double quotes")) << text;
  EXPECT_THAT(hint("a IS NUMBER"), HasSubstr("attribute_type"));
  EXPECT_EQ(hint("a = "), "");
}

// What is hostile must end soon, and without a deep stack.
TEST(ClauseLimits, RefuseWhatIsTooLongOrTooDeep) {
  const auto repeated = [](const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  };

  EXPECT_EQ(error_of([&] { Clause::parse("a = '" + std::string(8187, 'x') + "'"); }).what(),
            std::string{"clause of \"where\" has 8193 bytes, wanted 8192 at most"});
  EXPECT_NO_THROW(Clause::parse("a = '" + std::string(8186, 'x') + "'"));
  for (const char* opening : {"(", "NOT ", "NOT ("})
    EXPECT_THAT(refusal(repeated(opening, 1000)),
                HasSubstr("this is nested more than 32 levels deep"));
  EXPECT_EQ(refusal(repeated("(", 1000)), "column 33: this is nested more than 32 levels deep");
  EXPECT_EQ(refusal("a = " + repeated("[", 1000)),
            "column 36: this is nested more than 32 levels deep");
  EXPECT_NO_THROW(Clause::parse(repeated("(", 31) + "a = 1" + repeated(")", 31)));
  EXPECT_NO_THROW(Clause::parse("a = " + repeated("[", 31) + repeated("]", 31)));
  EXPECT_NO_THROW(Clause::parse("a = 1" + repeated(" OR a = 1", 900)));
}

}  // namespace
}  // namespace dynamite
