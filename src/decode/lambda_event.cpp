#include "decode/lambda_event.hpp"

#include <utility>

#include "core/error.hpp"
#include "decode/change_reader.hpp"
#include "decode/event.hpp"

namespace dynamite {

LambdaEvent decode_lambda_event(std::shared_ptr<const std::string> event,
                                const KnownTables& tables) {
  LambdaEvent decoded;
  ChangeReader reader{std::move(event), tables};
  read_input("event", reader, [&] {
    require_utf8(reader.page());
    JsonScanner scanner{reader.page()};
    const Event object = read_event(scanner, reader);
    scanner.expect_end();
    if (!object.has_records)
      throw Error{Error::Kind::usage, why_no_event(object),
                  "the function's event source must be the stream of a DynamoDB table"};
    decoded.batches = reader.take_batches();
  });
  if (!reader.unknown_tables().empty())
    return {.batches = {}, .unknown_tables = reader.unknown_tables()};
  return decoded;
}

}  // namespace dynamite
