#pragma once

#include <string_view>

#include "core/key_schema.hpp"
#include "where/clauses.hpp"

namespace dynamite {

/// Which items a target takes: the WHERE clause of DynamoDB's PartiQL.
///
///   begins_with(sk, 'ORDER#') AND status IN ['paid', 'shipped'] AND NOT size(lines) = 0
///
/// A condition is `= <> != < <= > >=`, `[NOT] BETWEEN x AND y`, `[NOT] IN [x, y]` (also with
/// parentheses or `<< >>`), `IS [NOT] NULL`, `IS [NOT] MISSING`, begins_with(path, x),
/// contains(path, x), attribute_type(path, 'S'), attribute_exists(path) or
/// attribute_not_exists(path); AND, OR, NOT and parentheses join them. Where x stands may be a
/// literal, a path, or size(path).
///
/// A path is `address.lines[0]` or `"order-id"."any name"`; names are told apart by case. Literals
/// are 'it''s', -1.5e3, true, null, [1, 'a'], {'name': 'a'}, and sets <<1, 2>>, <<'a', 'b'>>. There
/// are none of binaries. Keywords and functions may be in any case.
///
/// What holds is as in DynamoDB:
/// * Every condition is true or false, and NOT turns it: there is no third value.
/// * `=`, IN, `<` and the like, BETWEEN and the functions are false if a value is missing, or if
///   the two have different types. So `<>` and NOT are true of them: `status <> 'paid'` takes items
///   without the attribute.
/// * Types never convert. Numbers are compared by value, strings by their UTF-8 bytes, lists, maps
///   and sets only for equality, whatever the order of a set's members.
/// * size is of a string in UTF-16 code units (AWS's page of size says bytes, but DynamoDB counts
///   so); of a binary in bytes; of a list, map or set it is how many members there are; of other
///   values it is missing.
/// * contains looks for a part of a string or binary, a member of a set, or an element of a list,
///   of the same type.
/// * `IS NULL` asks for a value of type NULL, and not for a missing one; `IS MISSING` for the
///   latter.
///
/// DynamoDB refuses, and so does parse: an order of literals that have none (`< true`), bounds of
/// BETWEEN in wrong order or of two types, a comparison of an attribute with itself. DynamoDB also
/// refuses what parse cannot see: a key attribute that is compared with another type than its own,
/// which is false here. It asks for quotes around some more names ("value", "order"), and limits
/// IN to 100 values and a clause to 300 operators. DynamoDB Local takes in addition, and parse does
/// not: `IS STRING`, a comparison with a condition (`begins_with(a, 'x') = true`), functions of
/// literals, comments, parentheses around values, `a['b']`.
class Clause {
 public:
  /// Throws Error{usage} that says where the text is wrong: the line and column, what is there, and
  /// what is wanted. At most 8,192 bytes, nested at most 32 deep.
  static Clause parse(std::string_view text);

  /// Whether an item is taken, by its image in DynamoDB's JSON. Throws Error{poison} if the image
  /// is no JSON, if an attribute that the clause names is there twice, or if a value that it looks
  /// at is malformed.
  bool matches(std::string_view image) const;

  /// Whether the clause names key attributes only: then it takes all images of a key or none.
  bool decided_by_keys(const KeySchema& key_schema) const;

  /// The same by the key alone. The clause is decided by keys.
  bool matches_key(std::string_view canonical_key, const KeySchema& key_schema) const;

 private:
  Clause() = default;

  Clauses clauses_;  // this one
};

}  // namespace dynamite
