#include <string>

#include "core/arn.hpp"
#include "fuzz/fuzz.hpp"

namespace dynamite::fuzz {

/// The ARN of a stream or table.
void run(std::string_view input) {
  accepts({Error::Kind::usage}, [&] { table_name_of(input); });

  StreamArn arn;
  if (!accepts({Error::Kind::poison}, [&] { arn = parse_stream_arn(input); })) return;
  require(arn.table_arn + "/stream/" + arn.label == input, "an ARN has only known parts");
  require(table_name_of(arn.table_arn) == arn.table_name, "a stream's table has an ARN");
}

}  // namespace dynamite::fuzz
