#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "pg/copy_rows.hpp"
#include "pg/pipeline.hpp"
#include "support/errors.hpp"
#include "support/postgres.hpp"

namespace dynamite::pg {
namespace {

class CopyRowsTest : public test::PostgresTest {
 protected:
  void copy(const std::string& table, CopyRows& data) {
    data.finish();
    Connection connection = connect();
    Pipeline pipeline{connection, {}};
    pipeline.copy(fmt::format("COPY {} FROM STDIN (FORMAT binary)", table), data.data());
    pipeline.commit();
  }
};

std::string random_digits(std::mt19937_64& random, std::size_t count) {
  std::string digits(count, '0');
  for (char& digit : digits) digit = static_cast<char>('0' + random() % 10);
  digits.front() = static_cast<char>('1' + random() % 9);
  digits.back() = static_cast<char>('1' + random() % 9);
  return digits;
}

TEST_F(CopyRowsTest, NumbersAreThoseThatPostgresqlReadsFromTheirText) {
  connect().run("CREATE TABLE numbers (number numeric, text text)");
  std::vector<std::string> numbers{"0",      "1e0",     "-1e0",  "1e4",     "1e-4", "9999e0",
                                   "1e3",    "12345e0", "1e125", "1e-130",  "5e-1", "10001e-2",
                                   "-25e-3", "1e7",     "1e8",   "99999e-5"};
  std::mt19937_64 random{1};
  for (int i = 0; i < 2'000; ++i)
    numbers.push_back(fmt::format("{}{}e{}", random() % 2 == 0 ? "" : "-",
                                  random_digits(random, 1 + random() % 38),
                                  static_cast<int>(random() % 200) - 130));
  CopyRows data;
  for (const std::string& number : numbers) {
    data.begin_row(2);
    data.numeric(canonical_decimal(number));
    data.text(number);
  }

  copy("numbers", data);

  EXPECT_EQ(query("SELECT count(*) FROM numbers"), std::to_string(numbers.size()));
  EXPECT_EQ(query("SELECT text FROM numbers WHERE number <> text::numeric "
                  "OR number::text <> text::numeric::text LIMIT 3"),
            "");
}

TEST_F(CopyRowsTest, EveryTypeArrives) {
  connect().run("CREATE TABLE t (t text, b bytea, i integer, m timestamptz, j jsonb, n jsonb)");
  CopyRows data;
  data.begin_row(6);
  data.text("zwölf");
  data.bytea(std::string_view{"\0\xFF", 2});
  data.integer(-70'000);
  data.timestamptz(1'768'478'400'123'456);
  data.begin_json() += R"({"a": 1.50})";
  data.end_json();
  data.null();

  copy("t", data);

  EXPECT_EQ(query("SELECT t, encode(b, 'hex'), i, m AT TIME ZONE 'UTC', j, n FROM t"),
            "zwölf|00ff|-70000|2026-01-15 12:00:00.123456|{\"a\": 1.50}|NULL");
}

TEST_F(CopyRowsTest, ARowThatIsUndoneIsNotThere) {
  connect().run("CREATE TABLE t (i integer)");
  CopyRows data;
  for (const std::int32_t number : {1, 2, 3}) {
    data.begin_row(1);
    data.integer(number);
    if (number == 2) data.undo_row();
  }

  copy("t", data);

  EXPECT_EQ(query("SELECT i FROM t ORDER BY i"), "1\n3");
  EXPECT_EQ(data.rows(), 2U);
}

TEST_F(CopyRowsTest, ARefusedRowLeavesTheConnectionUsable) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (i integer UNIQUE)");
  CopyRows data;
  for (int i = 0; i < 2; ++i) {
    data.begin_row(1);
    data.integer(7);
  }
  data.finish();

  const Error error = test::error_of([&] {
    Pipeline pipeline{connection, {}};
    pipeline.copy("COPY t FROM STDIN (FORMAT binary)", data.data());
    pipeline.commit();
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

TEST_F(CopyRowsTest, ALargeCopyBetweenStatementsIsOneTransaction) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (s text)");
  CopyRows data;
  const std::string text(1'000, 'x');
  for (int i = 0; i < 20'000; ++i) {
    data.begin_row(1);
    data.text(text);
  }
  data.finish();

  Pipeline pipeline{connection, {}};
  pipeline.add({"SELECT 1", {}});
  pipeline.copy("COPY t FROM STDIN (FORMAT binary)", data.data());
  pipeline.add({"SELECT count(*), count(DISTINCT xmin::text) FROM t", {}});
  const auto results = pipeline.commit();

  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].at(0, 0), "1");
  EXPECT_EQ(results[1].at(0, 0), "20000");
  EXPECT_EQ(results[1].at(0, 1), "1");
}

}  // namespace
}  // namespace dynamite::pg
