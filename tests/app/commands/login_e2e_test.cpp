#include <gmock/gmock.h>

#include <atomic>
#include <mutex>

#include "ingest/fixture.hpp"
#include "mapping/hash_key.hpp"
#include "support/http_server.hpp"
#include "support/process.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSuccess = R"({"batchItemFailures":[]})";

/// A database whose password is in a secret, and a Secrets Manager that holds it.
class SecretTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    role_ = make_role("writer");
    for (const char* what : {"SCHEMA", "ALL TABLES IN SCHEMA"})
      query(fmt::format("GRANT ALL ON {} {}, {} TO {}", what, schema(), state_schema(), role_));
    rotate("first");
  }

  void TearDown() override {
    program_.reset();
    IngestTest::TearDown();
  }

  void rotate(const std::string& password) {
    query(fmt::format("ALTER ROLE {} PASSWORD '{}'", role_, password));
    keep(fmt::format(R"({{"username":"{}","password":"{}","port":5432}})", role_, password));
  }

  void keep(const std::string& secret) {
    const std::scoped_lock lock{mutex_};
    secret_ = secret;
  }

  /// From now on no secret may be read. `answer`: the body of the refusal.
  void refuse(const std::string& answer) {
    const std::scoped_lock lock{mutex_};
    refusal_ = answer;
  }

  void start(const std::string& user = "", std::map<std::string, std::string> more = {}) {
    const std::string place = url().substr(url().find('@') + 1);
    more.merge(std::map<std::string, std::string>{
        {"AWS_LAMBDA_RUNTIME_API", api_.address()},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER", aws_.url()},
        {"DYNAMITE_URL", fmt::format("postgresql://{}{}", user, place)},
        {"DYNAMITE_SECRET", "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"},
        {"DYNAMITE_SCHEMA", schema()},
        {"DYNAMITE_STATE_SCHEMA", state_schema()}});
    program_ =
        std::make_unique<Process>(std::vector<std::string>{DYNAMITE_PROGRAM}, std::move(more));
  }

  ServedResponse serve(const ServedRequest& request) {
    const std::scoped_lock lock{mutex_};
    if (request.path == "/task")
      return {.body = R"({"AccessKeyId":"TASK","SecretAccessKey":"s","Token":"of the task"})"};
    ++reads_;
    if (!refusal_.empty()) return {.status = 400, .body = refusal_};
    token_ = request.header("x-amz-security-token");
    asked_ = std::string{request.header("x-amz-target")} + " " +
             std::string{request.header("content-type")} + " " + request.body;
    return {.body = fmt::format(R"({{"Name":"db","SecretString":{}}})", json_string(secret_))};
  }

  std::string role_;
  std::mutex mutex_;
  std::string secret_, asked_, token_, refusal_;
  std::atomic<int> reads_ = 0;
  RuntimeApi api_;
  HttpServer aws_{[this](const ServedRequest& request) { return serve(request); }};
  std::unique_ptr<Process> program_;
};

TEST_F(SecretTest, OpensTheDatabase) {
  start();

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);

  EXPECT_EQ(asked_,
            "secretsmanager.GetSecretValue application/x-amz-json-1.1 "
            R"({"SecretId":"arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"})");
  EXPECT_EQ(
      query("SELECT usename FROM pg_stat_activity WHERE application_name = 'dynamite/lambda'"),
      role_);
}

TEST_F(SecretTest, IsReadAgainWhenTheOldPasswordIsRefused) {
  start();
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  ASSERT_EQ(reads_, 1);

  rotate("second");
  query(
      "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
      "WHERE application_name = 'dynamite/lambda'");

  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(reads_, 2);
}

TEST_F(SecretTest, MayBeThePasswordAlone) {
  keep("first");
  start(role_ + "@");

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
}

TEST_F(SecretTest, IsReadWithTheKeysOfTheContainer) {
  start("", {{"AWS_ACCESS_KEY_ID", ""},
             {"AWS_SECRET_ACCESS_KEY", ""},
             {"AWS_CONTAINER_CREDENTIALS_FULL_URI", aws_.url() + "/task"}});

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  EXPECT_EQ(token_, "of the task");
}

TEST_F(SecretTest, ThatIsWrongIsReadOnceMoreAndNeverShown) {
  keep(fmt::format(R"({{"username":"{}","password":"hunter2"}})", role_));
  start();

  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_THAT(answer.body, AllOf(HasSubstr("authentication failed"), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(program_->wait(), 2);
  EXPECT_EQ(reads_, 2);
  EXPECT_THAT(program_->errors(), Not(HasSubstr("hunter2")));
}

TEST_F(SecretTest, WithoutAPasswordIsAnError) {
  keep(R"({"username":"x"})");
  start();

  EXPECT_THAT(api_.wait_for_answer().body, HasSubstr("holds no password"));
}

/// The replica hashes an attribute.
class HashKeySecretTest : public SecretTest {
 protected:
  void SetUp() override {
    SecretTest::SetUp();
    query(fmt::format(
        R"(UPDATE {}.replica_target SET mapping = '{{"hash":["v"],"hash_fingerprint":"{}"}}')",
        state_schema(), key_.fingerprint()));
  }

  const HashKey key_{"a secret of enough bytes"};
};

TEST_F(HashKeySecretTest, GivesTheKeyOfHash) {
  keep(fmt::format(
      R"({{"username":"{}","password":"first","hash_key":"a secret of enough bytes"}})", role_));
  start("", {{"DYNAMITE_HASH_KEY_SECRET", "hash"}});

  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);

  EXPECT_EQ(query("SELECT item->>'v' FROM orders"), key_.digest("1"));
}

TEST_F(HashKeySecretTest, WithoutItNothingIsApplied) {
  start();

  EXPECT_THAT(
      api_.invoke(put_event("a", 1)).body,
      AllOf(HasSubstr("has hashes, but no key of hash is given"), HasSubstr(key_.fingerprint())));

  EXPECT_EQ(query("SELECT count(*) FROM orders"), "0");
}

TEST_F(HashKeySecretTest, IsRefusedIfItHasNone) {
  start("", {{"DYNAMITE_HASH_KEY_SECRET", "hash"}});

  const RuntimeAnswer answer = api_.wait_for_answer();

  const auto tells = AllOf(HasSubstr("holds a key of hash of 0 bytes"), Not(HasSubstr("first")));
  EXPECT_EQ(answer.request_id, "init");
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, tells);
  EXPECT_EQ(program_->wait(), 2);
  EXPECT_THAT(program_->errors(), tells);
}

TEST_F(HashKeySecretTest, ThatMayNotBeReadIsAStartThatCannotSucceed) {
  refuse(R"({"__type":"AccessDeniedException","Message":"not authorized to read the secret"})");
  start("", {{"DYNAMITE_HASH_KEY_SECRET", "hash"}});

  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_EQ(answer.request_id, "init");
  EXPECT_THAT(answer.body, HasSubstr("not authorized to read the secret"));
  EXPECT_NE(program_->wait(), 0);
  EXPECT_EQ(api_.calls_for_work(), 0);
}

class RdsIamTest : public IngestTest {
 protected:
  static std::string refusal(const std::string& url) {
    return run_program({"status"}, {{"DYNAMITE_AUTH", "rds-iam"}, {"DYNAMITE_URL", url}}).errors;
  }
};

TEST_F(RdsIamTest, NeedsAHostAUserAndTls) {
  EXPECT_THAT(refusal("postgresql:///db?sslmode=require"), HasSubstr("does not name one host"));
  EXPECT_THAT(refusal("postgresql://db.test/db"), HasSubstr("does not name a user"));
  EXPECT_THAT(refusal("postgresql://app@db.test/db?sslmode=disable"),
              HasSubstr("does not ask for TLS"));
}

TEST_F(RdsIamTest, SendsATokenAsThePassword) {
  // The server has no TLS: that we are told so shows that all before it is in order.
  const std::string place = url().substr(url().find('@') + 1);

  EXPECT_THAT(refusal(fmt::format("postgresql://app@{}?sslmode=require", place)),
              HasSubstr("server does not support SSL"));
}

}  // namespace
}  // namespace dynamite::test
