#include <chrono>
#include <string>

#include "aws/aws_error.hpp"
#include "aws/xml_text.hpp"
#include "credentials/key_set.hpp"
#include "credentials/process.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {

/// What AWS, a proxy before it, or a source of credentials answers.
void run(std::string_view input) {
  const std::string text{input};
  for (const int status : {200, 400, 503}) {
    const HttpResponse response{.status = status, .headers = {}, .body = text};
    const auto failure = failure_of(response, {.operation = "GetRecords", .body = text});
    require(failure || status == 200, "only 200 is a result");
  }
  for (const std::string& secret : xml_texts(input, "SecretAccessKey"))
    require(secret.size() < input.size(), "an element's text is a part of the answer");

  constexpr std::string_view kSource = "test";
  KeySet set;
  if (accepts({Error::Kind::usage}, [&] { set = parse_key_document(text, "Token", kSource); }))
    require(!set.keys.access_key_id.empty() && !set.keys.secret_access_key.empty(), "keys are two");
  accepts({Error::Kind::usage}, [&] { parse_expiry(text, kSource); });
  accepts({Error::Kind::usage}, [&] { split_command_line(input); });
}

}  // namespace dynamite::fuzz
