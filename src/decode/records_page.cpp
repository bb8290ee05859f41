#include "decode/records_page.hpp"

#include <utility>

#include "decode/answer.hpp"
#include "decode/change_reader.hpp"

namespace dynamite {

RecordsPage decode_records_page(std::string page, std::shared_ptr<const SourceTable> table,
                                std::uint64_t generation) {
  RecordsPage result;
  read_answer("GetRecords", [&] {
    require_utf8(page);
    ChangeReader reader{std::make_shared<const std::string>(std::move(page)), std::move(table),
                        generation};
    JsonScanner scanner{reader.page()};
    bool has_records = false;
    scan_object(scanner, [&](std::string_view name) {
      if (token_is(name, "Records")) {
        has_records = true;
        scan_array(scanner, [&] { reader.read(scanner); });
      } else if (scanner.take_null()) {
        return;
      } else if (token_is(name, "NextShardIterator")) {
        append_unescaped(result.next_iterator.emplace(), scanner.string());
      } else {
        scanner.skip_value();
      }
    });
    scanner.expect_end();
    require_list(has_records, "Records");
    result.last_sequence_number = reader.last_sequence_number();
    result.batch = std::move(reader.take_batches().front());
  });
  return result;
}

}  // namespace dynamite
