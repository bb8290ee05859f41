#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <limits>

#include "pg/array_rows.hpp"
#include "pg/copy_rows.hpp"

namespace dynamite::pg {
namespace {

using namespace std::string_view_literals;
using Write = std::function<void(RowSink&)>;

constexpr std::size_t kCopyHeader = 11 + 4 + 4 + 2;  // signature, flags, extension, fields of a row
constexpr std::size_t kArrayHeader = 5 * 4;

/// A field of COPY behind its length.
std::string copied(const Write& write) {
  CopyRows rows;
  rows.begin_row(1);
  write(rows);
  return std::string{rows.data().substr(kCopyHeader)};
}

/// The element of an array of one, behind its length.
std::string element(ElementType type, const Write& write) {
  ArrayRows rows{{type}};
  rows.begin_row();
  write(rows);
  Params params;
  rows.add_to(params);
  return std::string(params.values()[0], static_cast<std::size_t>(params.lengths()[0]))
      .substr(kArrayHeader);
}

void expect_bytes(ElementType type, const Write& write, std::string_view bytes) {
  EXPECT_EQ(copied(write), bytes);
  EXPECT_EQ(element(type, write), bytes);
}

TEST(RowSink, WritesScalarsAlikeForCopyAndUnnest) {
  using enum ElementType;
  expect_bytes(
      text, [](RowSink& row) { row.text("ab"); }, "\0\0\0\2ab"sv);
  expect_bytes(
      text, [](RowSink& row) { row.text(""); }, "\0\0\0\0"sv);
  expect_bytes(
      bytea, [](RowSink& row) { row.bytea("\0\xFF"sv); }, "\0\0\0\2\0\xFF"sv);
  expect_bytes(
      boolean, [](RowSink& row) { row.boolean(true); }, "\0\0\0\1\1"sv);
  expect_bytes(
      boolean, [](RowSink& row) { row.boolean(false); }, "\0\0\0\1\0"sv);
  expect_bytes(
      integer, [](RowSink& row) { row.integer(-2); }, "\0\0\0\4\xFF\xFF\xFF\xFE"sv);
  expect_bytes(
      bigint, [](RowSink& row) { row.bigint(std::numeric_limits<std::int64_t>::min()); },
      "\0\0\0\x08\x80\0\0\0\0\0\0\0"sv);
  expect_bytes(
      double_precision, [](RowSink& row) { row.double_precision(-1.5); },
      "\0\0\0\x08\xBF\xF8\0\0\0\0\0\0"sv);
  expect_bytes(
      numeric, [](RowSink& row) { row.numeric({.digits = "7", .exponent = 4}); },
      "\0\0\0\x0A\0\1\0\1\0\0\0\0\0\7"sv);
  expect_bytes(
      text, [](RowSink& row) { row.null(); }, "\xFF\xFF\xFF\xFF"sv);
}

// PostgreSQL counts days and microseconds from 2000 on.
TEST(RowSink, CountsTimeSince1970) {
  using enum ElementType;
  expect_bytes(
      date, [](RowSink& row) { row.date(10'957); }, "\0\0\0\4\0\0\0\0"sv);
  expect_bytes(
      date, [](RowSink& row) { row.date(0); }, "\0\0\0\4\xFF\xFF\xD5\x33"sv);
  expect_bytes(
      timestamptz, [](RowSink& row) { row.timestamptz(946'684'800'000'001); },
      "\0\0\0\x08\0\0\0\0\0\0\0\1"sv);
}

TEST(RowSink, WritesTheBytesOfAUuid) {
  std::array<unsigned char, 16> uuid{};
  uuid.front() = 0x12;
  uuid.back() = 0xEF;

  expect_bytes(
      ElementType::uuid, [&](RowSink& row) { row.uuid(uuid); },
      "\0\0\0\x10\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xEF"sv);
}

TEST(RowSink, CopyHasArraysInBinary) {
  const std::array texts{"a"sv, ""sv};
  const std::array numbers{Decimal{.digits = "1"}};

  EXPECT_EQ(copied([&](RowSink& row) { row.text_array(texts); }),
            "\0\0\0\x1D\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\1a\0\0\0\0"sv);
  EXPECT_EQ(copied([&](RowSink& row) { row.bytea_array(texts); }),
            "\0\0\0\x1D\0\0\0\1\0\0\0\0\0\0\0\x11\0\0\0\2\0\0\0\1\0\0\0\1a\0\0\0\0"sv);
  EXPECT_EQ(copied([&](RowSink& row) { row.numeric_array(numbers); }),
            "\0\0\0\x22\0\0\0\1\0\0\0\0\0\0\6\xA4\0\0\0\1\0\0\0\1"
            "\0\0\0\x0A\0\1\0\0\0\0\0\0\0\1"sv);
}

/// The text of an element behind its length.
std::string literal(const Write& write) { return element(ElementType::text, write).substr(4); }

TEST(RowSink, UnnestHasArraysAsLiterals) {
  const std::array texts{"a"sv, ""sv, "NULL"sv, R"("\{,})"sv};
  const std::array bytes{"\0\xFF"sv, ""sv};
  const std::array numbers{Decimal{}, Decimal{.digits = "1250", .exponent = -2, .negative = true},
                           Decimal{.digits = "7"}};

  EXPECT_EQ(literal([&](RowSink& row) { row.text_array(texts); }), R"({"a","","NULL","\"\\{,}"})");
  EXPECT_EQ(literal([&](RowSink& row) { row.bytea_array(bytes); }), R"({"\\x00ff","\\x"})");
  EXPECT_EQ(literal([&](RowSink& row) { row.numeric_array(numbers); }), "{0,-1250e-2,7}");
  EXPECT_EQ(literal([&](RowSink& row) { row.text_array({}); }), "{}");
}

/// Writes each type once.
void write_all(RowSink& row) {
  const std::array<unsigned char, 16> uuid{};
  const std::array texts{"a"sv};
  const std::array numbers{Decimal{.digits = "1"}};
  row.text("a");
  row.numeric({.digits = "5"});
  row.bytea("b");
  row.json("{}");
  row.timestamptz(0);
  row.integer(1);
  row.boolean(true);
  row.bigint(1);
  row.double_precision(1);
  row.date(1);
  row.uuid(uuid);
  row.text_array(texts);
  row.numeric_array(numbers);
  row.bytea_array(texts);
}

const std::vector<ElementType> kOfAll{
    ElementType::text,    ElementType::numeric,     ElementType::bytea,
    ElementType::text,    ElementType::timestamptz, ElementType::integer,
    ElementType::boolean, ElementType::bigint,      ElementType::double_precision,
    ElementType::date,    ElementType::uuid,        ElementType::text,
    ElementType::text,    ElementType::text};

/// The parameters that the rows become.
std::vector<std::string> wires(const ArrayRows& rows) {
  Params params;
  rows.add_to(params);
  std::vector<std::string> wires;
  for (int i = 0; i < params.count(); ++i)
    wires.emplace_back(params.values()[i], static_cast<std::size_t>(params.lengths()[i]));
  return wires;
}

TEST(RowSink, ARowOfEveryTypeIsUndone) {
  ArrayRows once{kOfAll}, undone{kOfAll};
  once.begin_row();
  write_all(once);

  undone.begin_row();
  write_all(undone);
  undone.begin_row();
  write_all(undone);
  undone.undo_row();

  EXPECT_EQ(wires(undone), wires(once));
}

TEST(RowSink, AJsonValueThatIsOpenIsUndoneWithItsRow) {
  const std::vector<ElementType> types{ElementType::bigint, ElementType::text};
  ArrayRows rows{types};
  rows.begin_row();
  rows.bigint(7);
  rows.begin_json() += "{";
  rows.undo_row();

  EXPECT_EQ(wires(rows), wires(ArrayRows{types}));
}

}  // namespace
}  // namespace dynamite::pg
