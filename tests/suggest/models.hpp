#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "suggest/sample.hpp"

/// Well-known models of single-table designs, as data: their keys, and a few attributes.
namespace dynamite::test {

inline std::string numbered(std::string_view begin, int number) {
  return fmt::format("{}{}", begin, number);
}

/// An online shop: a customer, the customer's addresses and orders in one partition, the items of
/// an order in the order's. The model of e-commerce in "The DynamoDB Book" by Alex DeBrie.
inline Sample shop() {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 5; ++i) {
    const std::string customer = numbered("CUST#", i);
    sample.add({s("PK", customer), s("SK", "PROFILE"), s("joinedAt", "2024-05-01T10:00:00Z")});
    sample.add({s("PK", customer), s("SK", numbered("ADDRESS#", i)), s("city", "Bern")});
    for (int order = 0; order < 3; ++order) {
      const std::string id = numbered(numbered("ORDER#", i) + "-", order);
      sample.add({s("PK", customer), s("SK", id), n("total", "12.5")});
      sample.add({s("PK", id), s("SK", numbered("ITEM#", order)), n("quantity", "2")});
    }
  }
  return sample;
}

/// Orders and their lines, whose keys begin as the order's do.
inline Sample order_lines() {
  Sample sample{"pk", "sk"};
  for (int i = 0; i < 4; ++i) {
    const std::string order = numbered("ORDER#", i);
    sample.add({s("pk", "CUST#1"), s("sk", order), n("total", "1")});
    sample.add({s("pk", "CUST#1"), s("sk", order + "#ITEM#7"), n("quantity", "2")});
  }
  return sample;
}

/// Software for organizations: the organization and its users in one partition. The model of "How
/// to model one-to-many relationships in DynamoDB" by Alex DeBrie.
inline Sample organizations() {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string organization = numbered("ORG#", i);
    sample.add({s("PK", organization), s("SK", "METADATA#" + organization), s("plan", "pro")});
    sample.add({s("PK", organization), s("SK", "USER#ann"), s("role", "admin")});
    sample.add({s("PK", organization), s("SK", "USER#bob"), s("role", "member")});
  }
  return sample;
}

/// As GitHub has them: accounts are users or organizations, which only an attribute tells; a
/// repository's issues, pull requests and stars beside it. The model of GitHub in "The DynamoDB
/// Book".
inline Sample repositories() {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string user = numbered("ACCOUNT#ann", i), owner = numbered("ACCOUNT#acme", i);
    const std::string repository = numbered("REPO#acme#tool", i);
    sample.add({s("PK", user), s("SK", user), s("Type", "User"), s("email", "a@b.example")});
    sample.add({s("PK", owner), s("SK", owner), s("Type", "Organization"), n("members", "3")});
    sample.add({s("PK", repository), s("SK", repository), s("Type", "Repo")});
    sample.add({s("PK", repository), s("SK", "ISSUE#0001"), s("Type", "Issue")});
    sample.add({s("PK", repository), s("SK", "PR#0002"), s("Type", "PullRequest")});
    sample.add({s("PK", repository), s("SK", "STAR#ann"), s("Type", "Star")});
  }
  return sample;
}

/// A game: its metadata under a constant, and its players' scores and maps. The model of AWS's
/// tutorial "Modeling Game Player Data with Amazon DynamoDB".
inline Sample games() {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string game = numbered("GAME#", i);
    sample.add({s("PK", game), s("SK", "#METADATA#" + game), s("map", "Green Grasslands")});
    sample.add({s("PK", game), s("SK", "USER#ann"), n("score", "10")});
    sample.add({s("PK", "USER#ann"), s("SK", numbered("#METADATA#ann", i)), s("name", "Ann")});
  }
  return sample;
}

/// Comments on issues and on pull requests, which an attribute calls the same.
inline Sample reviews() {
  Sample sample{"pk", "sk"};
  for (int i = 0; i < 3; ++i) {
    sample.add({s("pk", numbered("ISSUE#", i)), s("sk", "COMMENT#1"), s("_et", "Comment")});
    sample.add({s("pk", numbered("PR#", i)), s("sk", "COMMENT#1"), s("_et", "Comment")});
    sample.add({s("pk", numbered("PR#", i)), s("sk", "REVIEW#1"), s("_et", "Review")});
  }
  return sample;
}

}  // namespace dynamite::test
