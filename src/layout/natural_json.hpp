#pragma once

#include <string>
#include <string_view>

#include "core/key_schema.hpp"

namespace dynamite {

/// A key and its schema. Both must outlive the call.
struct ImageKey {
  const KeySchema& schema;
  std::string_view canonical;
};

/// Appends to `item` the natural JSON of DynamoDB JSON `image` in one pass, and to `types` the JSON
/// object that says what natural JSON cannot (nothing is appended if there is nothing to say).
///
/// | type       | natural JSON                                | in `types`                     |
/// |------------|---------------------------------------------|--------------------------------|
/// | S          | string                                      |                                |
/// | S, U+0000  | string: Base64 of its UTF-8 bytes           | "S:base64"                     |
/// | N          | number, every digit kept                    |                                |
/// | B          | string: Base64                              | "B"                            |
/// | BOOL, NULL | true, false, null                           |                                |
/// | M, L       | object, array                               |                                |
/// | SS         | array of strings, by their UTF-8 bytes      | "SS"; a member with U+0000 has |
/// |            |                                             | an entry "S:base64" of its own |
/// | NS         | array of numbers, by value                  | "NS"                           |
/// | BS         | array of Base64 strings, by the bytes       | "BS"                           |
///
/// `types` is a flat object. Its names are JSON pointers (RFC 6901) into `item`, where a set's
/// member has its place in the sorted array; its values are the types:
/// {"/tags":"SS","/tags/0":"S:base64","/a~1b/3/photo":"B"}. Together they give back the item
/// exactly: without an entry a string is S, a number N, an array L.
///
/// PostgreSQL's jsonb takes the outcome. `image` must be UTF-8. Throws Error{poison}, and leaves
/// both as they were, if it is malformed: an unknown type, none or two in one value, a bad number
/// or Base64, an attribute twice, a lone surrogate, U+0000 in an attribute's name, nesting beyond
/// JsonScanner::kDepthMax. The message names the attribute that is wrong, without its value.
///
/// With `key`, the key that the image's record names, it throws Error{poison} also if the image
/// lacks an attribute of the key or has another value there: its row would contradict itself.
void append_natural_json(std::string& item, std::string& types, std::string_view image,
                         const ImageKey* key = nullptr);

}  // namespace dynamite
