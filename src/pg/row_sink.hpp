#pragma once

#include <string>
#include <string_view>

namespace dynamite::pg {

/// Takes the values of one row, column by column. A value's format is that of the sink: arrays for
/// unnest (ArrayRows), or a row of COPY (CopyRows).
class RowSink {
 public:
  virtual ~RowSink() = default;

  virtual void null() = 0;

  /// Opens a jsonb value, whose text the caller appends to the string that is returned.
  virtual std::string& begin_json() = 0;
  virtual void end_json() = 0;
  void json(std::string_view text) {
    begin_json() += text;
    end_json();
  }
};

}  // namespace dynamite::pg
