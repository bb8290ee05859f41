#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ingest/fixture.hpp"
#include "replica/state/checkpoints.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// The server's log, and the files of its data folder, that hold one of the texts.
std::string files_with(const std::vector<std::string>& texts) {
  const std::string data = std::getenv("DYNAMITE_TEST_PG_DATA");
  std::string command = "grep -rlasiF";
  for (const std::string& text : texts) command += fmt::format(" -e '{}'", text);
  command += fmt::format(" '{0}' '{0}/../postgresql.log'", data);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
  std::string found;
  std::array<char, 4096> part{};
  while (fgets(part.data(), part.size(), pipe.get()) != nullptr) found += part.data();
  return found;
}

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");

/// Two targets with histories that all leave out what is secret. The server logs whatever it can.
class LeftOutTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    if (HasFatalFailure()) return;
    Replica wanted = wanted_replica(keys(KeyType::S), "shop");
    Mapping document{.rules = rules(), .hash_key = kHashKey};
    document.rules.history = true;
    Mapping columns = document;
    columns.rules.layout = LayoutKind::columns;
    wanted.targets = {
        new_target(state_schema(), schema(), "shop", keys(KeyType::S), document),
        new_target(state_schema(), schema(), "shop_columns", keys(KeyType::S), columns)};
    orders = make_replica(wanted);
    query("ALTER TABLE shop ADD CONSTRAINT no_bad CHECK (item->>'v' <> 'bad')");
    const std::string role = make_role("logged");
    for (const char* what : {"SCHEMA", "ALL TABLES IN SCHEMA"})
      query(fmt::format("GRANT ALL ON {} {}, {} TO {}", what, schema(), state_schema(), role));
    for (const char* setting :
         {"log_statement = 'all'", "log_parameter_max_length = -1",
          "log_parameter_max_length_on_error = -1", "log_error_verbosity = 'verbose'"})
      query(fmt::format("ALTER ROLE {} SET {}", role, setting));
    logged_url_ = url_of(role);
    connection = connect_as(role);
  }

  virtual MappingRules rules() const { return {.omit = {"password*", "address.secret"}}; }
  /// Of an item with secrets in the value, in the name and within attributes.
  virtual std::string image(const std::string& key, const std::string& v) const {
    return fmt::format(
        R"({{"pk":{{"S":"{1}"}},"v":{{"S":"{2}"}},"shown":{{"S":"{3}"}},"password":{{"S":"{0}"}},)"
        R"("password-{0}":{{"NULL":true}},"password map":{{"M":{{"{0}":{{"B":"{0}"}}}}}},)"
        R"("address":{{"M":{{"city":{{"S":"x"}},"secret":{{"L":[{{"S":"{0}"}}]}}}}}}}})",
        secret_, key, v, shown_);
  }
  virtual std::string key_value(const std::string& key) const { return key; }
  std::string record(const std::string& key, const std::string& new_image) {
    const std::string keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key_value(key));
    std::string text = record_of("MODIFY", stream_of("shop"), keys, new_image, ++records_);
    // The old image is no member that the tests' other records have.
    return text.replace(text.find(R"("NewImage")"), 0,
                        fmt::format(R"("OldImage":{},)", image(key, "old")));
  }
  std::string replaced(std::string text, const std::string& what, const std::string& by) const {
    return text.replace(text.find(what), what.size(), by);
  }
  std::string letters() {
    return query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema()));
  }
  std::string kept_records() {
    return query(
        fmt::format("SELECT convert_from(record, 'UTF8') FROM {}.dead_letter", state_schema()));
  }
  void expect_no_secret() {
    for (const char* history : {"shop_history", "shop_columns_history"})
      EXPECT_EQ(
          query(fmt::format("SELECT bool_or(item->>'shown' = '{}') FROM {}", shown_, history)),
          "t");
    query("CHECKPOINT");
    EXPECT_THAT(files_with({secret_, hex(secret_)}), IsEmpty());
    EXPECT_THAT(files_with({shown_}), HasSubstr("/base/"));
    EXPECT_THAT(files_with({shown_}), HasSubstr("postgresql.log"));
    EXPECT_THAT(kept_records(), Not(HasSubstr("Image")));
  }

  IngestOptions logged() const {
    IngestOptions logged = options();
    logged.connect.conninfo = logged_url_;
    logged.hash_key = kHashKey;
    return logged;
  }

  std::string secret_ = "hunter" + schema_of_process();
  std::string shown_ = "visible" + schema_of_process();
  std::string logged_url_;
  int records_ = 0;

 private:
  // A text that no other test of this server has.
  static std::string schema_of_process() {
    static int number = 0;
    return fmt::format("{}x{}x", getpid(), ++number);
  }
};

TEST_F(LeftOutTest, OfRecordsReachesNoFileOfTheServer) {
  const std::string bad_type = replaced(image("k3", "x"), R"("v":{"S")", R"("v":{"X")");
  const std::string bad_secret =
      replaced(image("k4", "x"), R"("password":{"S":)", R"("password":{"S" )");
  const std::string bad_image =
      replaced(image("k6", "x"), R"("password":{"S":)", R"("password" {"S":)");
  const std::string no_number =
      replaced(record("k7", image("k7", "x")), R"("SequenceNumber":"1")", R"("SequenceNumber":1)");
  const std::string no_key =
      replaced(record("k8", image("k8", "x")), R"("Keys":{"pk")", R"("Keys":{"kp")");
  const std::string nothing =
      replaced(replaced(record("k9", image("k9", "x")), R"("Keys":{"pk")", R"("Keys":{"kp")"),
               R"("SequenceNumber":"3")", R"("SequenceNumber":3)");
  Ingest ingest{logged()};

  const IngestOutcome outcome = handle(
      ingest, event_of({record("k1", image("k1", "good")), record("k2", image("k2", "bad")),
                        record("k3", bad_type), record("k4", bad_secret), record("k5", bad_image),
                        record("k5", image("k5", "good")), no_number, no_key, nothing}));

  EXPECT_EQ(outcome.dead_letters, 7U);
  EXPECT_EQ(letters(), "7") << kept_records();
  EXPECT_EQ(query("SELECT pk FROM shop ORDER BY pk"), "k1\nk5");
  expect_no_secret();
}

TEST_F(LeftOutTest, OfScannedItemsAndSweptRowsReachesNoFileOfTheServer) {
  query("CREATE TABLE refers (pk text COLLATE \"C\" REFERENCES shop REFERENCES shop_columns)");
  apply({put_item(image("k1", "good"), 1)});
  query("INSERT INTO refers VALUES ('k1')");
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned_item(image("k2", "good")), scanned_item(image("k3", "bad"))});
  end_pass(pass);

  EXPECT_EQ(letters(), "2");
  EXPECT_EQ(query("SELECT pk FROM shop ORDER BY pk"), "k1\nk2");
  expect_no_secret();
}

/// Two targets with histories that all hash what is secret: the key, and attributes within
/// attributes.
class HashedOutTest : public LeftOutTest {
 protected:
  MappingRules rules() const override {
    return {.hash = {"pk", "email", "numbers", "address.*"},
            .hash_fingerprint = kHashKey->fingerprint()};
  }
  std::string key_value(const std::string& key) const override { return key + secret_; }
  std::string image(const std::string& key, const std::string& v) const override {
    return fmt::format(
        R"({{"pk":{{"S":"{1}"}},"v":{{"S":"{2}"}},"shown":{{"S":"{3}"}},"email":{{"S":"{0}"}},)"
        R"("numbers":{{"SS":["{0}","x"]}},"address":{{"M":{{"city":{{"S":"{0}"}},"list":{{"L":[)"
        R"({{"S":"{0}"}},{{"M":{{"deep":{{"S":"{0}"}}}}}}]}}}}}}}})",
        secret_, key_value(key), v, shown_);
  }
  std::string hashes(const std::vector<std::string>& keys) const {
    std::vector<std::string> digests;
    for (const std::string& key : keys) digests.push_back(kHashKey->digest(key_value(key)));
    std::ranges::sort(digests);
    return fmt::format("{}", fmt::join(digests, "\n"));
  }
};

TEST_F(HashedOutTest, OfRecordsReachesNoFileOfTheServer) {
  const std::string bad_type = replaced(image("k3", "x"), R"("v":{"S")", R"("v":{"X")");
  const std::string bad_secret = replaced(image("k4", "x"), R"("email":{"S":)", R"("email":{"X":)");
  const std::string no_key =
      replaced(record("k8", image("k8", "x")), R"("Keys":{"pk")", R"("Keys":{"kp")");
  Ingest ingest{logged()};

  const IngestOutcome outcome = handle(
      ingest,
      event_of({record("k1", image("k1", "good")), record("k2", image("k2", "bad")),
                record("k3", bad_type), record("k4", bad_secret), record("k5", image("k5", "good")),
                replaced(record("k6", image("k6", "x")), "MODIFY", "REMOVE"), no_key}));

  EXPECT_EQ(outcome.dead_letters, 4U);
  EXPECT_EQ(letters(), "4") << kept_records();
  EXPECT_EQ(query("SELECT pk FROM shop ORDER BY pk COLLATE \"C\""), hashes({"k1", "k5"}));
  EXPECT_EQ(query("SELECT pk FROM shop_columns ORDER BY pk COLLATE \"C\""), hashes({"k1", "k5"}));
  expect_no_secret();
}

TEST_F(HashedOutTest, OfScannedItemsAndSweptRowsReachesNoFileOfTheServer) {
  query("CREATE TABLE refers (pk text COLLATE \"C\" REFERENCES shop REFERENCES shop_columns)");
  apply({put_item(image("k1", "good"), 1)});
  query("INSERT INTO refers SELECT pk FROM shop");
  const std::int32_t pass = start_pass();

  apply({scanned_item(image("k2", "good")), scanned_item(image("k3", "bad"))},
        {.writer = ByPass{pass}},
        {.lane = segment_lane(pass, 0),
         .position =
             stored_position(orders, fmt::format(R"({{"pk":{{"S":"{}"}}}})", key_value("k3")))});
  end_pass(pass);

  EXPECT_EQ(letters(), "2");
  EXPECT_EQ(query("SELECT pk FROM shop ORDER BY pk COLLATE \"C\""), hashes({"k1", "k2"}));
  expect_no_secret();
}

}  // namespace
}  // namespace dynamite::test
