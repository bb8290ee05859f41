#include <fmt/format.h>

#include <charconv>

#include "core/error.hpp"
#include "pg/connection.hpp"

namespace dynamite::pg {

std::optional<std::string_view> Result::text(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return std::string_view{PQgetvalue(result_.get(), row, column),
                          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::string_view Result::at(int row, int column) const {
  const auto value = text(row, column);
  if (!value) throw Error{Error::Kind::bug, fmt::format("column {} of a result is NULL", column)};
  return *value;
}

std::int64_t Result::number(int row, int column) const {
  const std::string_view value = at(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size())
    throw Error{Error::Kind::bug, fmt::format("column {} of a result is not an integer", column)};
  return number;
}

std::uint64_t Result::affected() const {
  const std::string_view count = PQcmdTuples(result_.get());
  std::uint64_t number = 0;
  std::from_chars(count.data(), count.data() + count.size(), number);
  return number;
}

}  // namespace dynamite::pg
