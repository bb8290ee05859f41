#include "layout/natural_json.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "core/key.hpp"
#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/natural_json.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::canonical_dynamodb_json;
using test::dynamodb_json_of;
using test::failure_of;
using testing::HasSubstr;
using testing::StartsWith;

struct Natural {
  std::string item;
  std::string types;
};

Natural natural(std::string_view image) {
  Natural result;
  append_natural_json(result.item, result.types, image);
  return result;
}

struct Case {
  const char* name;
  const char* image;
  const char* item;
  const char* types;
};

class Transcoder : public testing::TestWithParam<Case> {};

TEST_P(Transcoder, WritesNaturalJsonAndWhatItCannotSay) {
  const auto [item, types] = natural(GetParam().image);

  EXPECT_EQ(item, GetParam().item);
  EXPECT_EQ(types, GetParam().types);
}

TEST_P(Transcoder, LosesNothing) {
  const auto [item, types] = natural(GetParam().image);

  EXPECT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(GetParam().image));
}

INSTANTIATE_TEST_SUITE_P(
    Types, Transcoder,
    testing::Values(
        Case{"NoAttributes", "{}", "{}", ""},
        Case{"String", R"({"a":{"S":"x"},"b":{"S":""}})", R"({"a":"x","b":""})", ""},
        Case{"Number", R"({"a":{"N":"12345678901234567890123456789012345678"}})",
             R"({"a":12345678901234567890123456789012345678})", ""},
        Case{"NumberOfOddForm", R"({"a":{"N":"+.5"},"b":{"N":"007"}})", R"({"a":5e-1,"b":7e0})",
             ""},
        Case{"Binary", R"({"a":{"B":"AP8Q"},"b":{"B":""}})", R"({"a":"AP8Q","b":""})",
             R"({"/a":"B","/b":"B"})"},
        Case{"BoolAndNull", R"({"a":{"BOOL":true},"b":{"BOOL":false},"c":{"NULL":true}})",
             R"({"a":true,"b":false,"c":null})", ""},
        Case{"EmptyListAndMap", R"({"a":{"L":[]},"b":{"M":{}}})", R"({"a":[],"b":{}})", ""},
        Case{"NestedListAndMap",
             R"({"a":{"L":[{"M":{"b":{"L":[{"N":"1"},{"NULL":true}]}}},{"S":"x"}]}})",
             R"({"a":[{"b":[1,null]},"x"]})", ""},
        Case{"NamesLikeTypes", R"({"S":{"M":{"S":{"S":"S"},"M":{"N":"1"}}}})",
             R"({"S":{"S":"S","M":1}})", ""},
        Case{"WhiteSpace", " { \"a\" : { \"L\" : [ { \"S\" : \"x y\" } , { \"N\" : \"1\" } ] } }\n",
             R"({"a":["x y",1]})", ""},
        Case{"EscapesAsTheyCame", R"({"a\"\u00e9":{"S":"\n\/\ud83d\ude00\\u0000"}})",
             R"({"a\"\u00e9":"\n\/\ud83d\ude00\\u0000"})", ""},
        Case{"EscapesInTypeNumberAndBinary", R"({"a":{"\u004e":"\u0031"},"b":{"B":"\/\/\/\/"}})",
             R"({"a":1,"b":"////"})", R"({"/b":"B"})"},
        Case{"DeepBinary", R"({"l":{"L":[{"B":"AA=="},{"M":{"x":{"B":"AQ=="}}}]}})",
             R"({"l":["AA==",{"x":"AQ=="}]})", R"({"/l/0":"B","/l/1/x":"B"})"},
        Case{"PointerOfOddNames",
             R"({"a/b":{"B":""},"a~b":{"B":""},"\u002f~1":{"B":""},"q\"\\\n":{"B":""}})",
             R"({"a/b":"","a~b":"","\u002f~1":"","q\"\\\n":""})",
             R"({"/a~1b":"B","/a~0b":"B","/~1~01":"B","/q\"\\\u000a":"B"})"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Sets, Transcoder,
    testing::Values(Case{"StringsByBytes", R"({"a":{"SS":["b","\u0061","","B","é"]}})",
                         R"({"a":["","B","a","b","é"]})", R"({"/a":"SS"})"},
                    Case{"NumbersByValue", R"({"a":{"NS":["10","9","-1","1e-5","2.50","0"]}})",
                         R"({"a":[-1,0,1e-5,2.50,9,10]})", R"({"/a":"NS"})"},
                    Case{"BinariesByDecodedBytes", R"({"a":{"BS":["/w==","AA==","","AAA="]}})",
                         R"({"a":["","AA==","AAA=","/w=="]})", R"({"/a":"BS"})"},
                    Case{"Empty", R"({"a":{"SS":[]}})", R"({"a":[]})", R"({"/a":"SS"})"},
                    Case{"Nested", R"({"m":{"M":{"l":{"L":[{"NS":["2","1"]}]}}}})",
                         R"({"m":{"l":[[1,2]]}})", R"({"/m/l/0":"NS"})"},
                    Case{"ApartFromList", R"({"a":{"L":[{"S":"x"}]},"b":{"SS":["x"]}})",
                         R"({"a":["x"],"b":["x"]})", R"({"/b":"SS"})"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Nul, Transcoder,
    testing::Values(Case{"InAString", R"({"a":{"S":"a\u0000b"}})", R"({"a":"YQBi"})",
                         R"({"/a":"S:base64"})"},
                    Case{"InASetMember", R"({"ss":{"SS":["b","a\u0000","a"]}})",
                         R"({"ss":["a","YQA=","b"]})", R"({"/ss":"SS","/ss/1":"S:base64"})"},
                    Case{"InAListElement", R"({"l":{"L":[{"S":"\u0000"},{"S":"AA=="}]}})",
                         R"({"l":["AA==","AA=="]})", R"({"/l/0":"S:base64"})"},
                    Case{"OnlySpelledOut", R"({"a":{"S":"\\u0000"}})", R"({"a":"\\u0000"})", ""}),
    [](const auto& info) { return info.param.name; });

std::string failure_with_key(std::string_view image, const KeySchema& schema,
                             const std::vector<std::string>& parts) {
  std::string canonical, item, types;
  for (const std::string& part : parts) append_key_part(canonical, part);
  const ImageKey key{.schema = schema, .canonical = canonical};
  return failure_of([&] { append_natural_json(item, types, image, &key); });
}

TEST(ImageKey, OfTheRecordMustBeThatOfTheImage) {
  const KeySchema schema{.partition = {.name = "pk", .type = KeyType::S},
                         .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};
  const std::vector<std::string> key{"a", "15e-1"};

  EXPECT_EQ(failure_with_key(R"({"sk":{"N":"1.50"},"x":{"M":{"pk":{"S":"b"}}},"pk":{"S":"a"}})",
                             schema, key),
            "");
  EXPECT_EQ(failure_with_key(R"({"p\u006b":{"S":"\u0061"},"sk":{"N":"+1.5"}})", schema, key), "");
  EXPECT_THAT(
      failure_with_key(R"({"pk":{"S":"b"},"sk":{"N":"1.5"}})", schema, key),
      HasSubstr("attribute \"pk\", type S: a part of the key, but another value than in the "
                "record's Keys"));
  EXPECT_THAT(failure_with_key(R"({"pk":{"S":"a"},"sk":{"N":"2"}})", schema, key),
              HasSubstr("attribute \"sk\""));
  EXPECT_EQ(failure_with_key(R"({"pk":{"S":"a"}})", schema, key),
            "poison: the image has no key attribute \"sk\"");
  EXPECT_EQ(failure_with_key("{}", schema, key), "poison: the image has no key attribute \"pk\"");
  EXPECT_THAT(failure_with_key(R"({"pk":{"S":"a"},"sk":{"S":"1.5"}})", schema, key),
              HasSubstr("key attribute \"sk\" is of type S, wanted type N"));
}

struct Poison {
  const char* image;
  const char* reason;
};

class PoisonedImage : public testing::TestWithParam<Poison> {};

TEST_P(PoisonedImage, IsRefusedAndLeavesBothAsTheyWere) {
  std::string item = "[";
  std::string types = "<";

  EXPECT_THAT(failure_of([&] { append_natural_json(item, types, GetParam().image); }),
              testing::AllOf(StartsWith("poison: "), HasSubstr(GetParam().reason)))
      << GetParam().image;
  EXPECT_EQ(item, "[");
  EXPECT_EQ(types, "<");
}

INSTANTIATE_TEST_SUITE_P(
    Table, PoisonedImage,
    testing::Values(
        Poison{"", "not JSON"}, Poison{"[]", "an array where an object must be"},
        Poison{"{", "not JSON"}, Poison{"{}x", "not JSON: more text behind the end"},
        Poison{R"({"a":{"S":"x"})", "not JSON"}, Poison{R"({"a":{"S":"x"}}{})", "not JSON"},
        Poison{R"({"a":{"S":"x"},})", "not JSON"}, Poison{R"({"a":{"S":"x"]})", "not JSON"},
        Poison{R"({"a" {"S":"x"}})", "not JSON"}, Poison{R"({"a":{"S":"\q"}})", "unknown escape"},
        Poison{R"({"b":{"B":"AA=="},"a":{"L":[{"S":"x"},]}})", "attribute \"a[1]\": not JSON"},
        Poison{R"({"a":"x"})", "attribute \"a\": a string, wanted an object of type and value"},
        Poison{R"({"a":null})", "attribute \"a\": a null, wanted an object"},
        Poison{R"({"a":{}})", "attribute \"a\": no type, wanted one"},
        Poison{R"({"a":{"S":"x","N":"1"}})", "attribute \"a\", type S: more than one type"},
        Poison{R"({"a":{"S":"x","S":"x"}})", "more than one type, wanted one"},
        Poison{R"({"a":{"X":"x"}})", "type X, which DynamoDB does not have"},
        Poison{R"({"a":{"s":"x"}})", "attribute \"a\": type s, which DynamoDB does not have"},
        Poison{R"({"a":{"":"x"}})", "an unknown type, which DynamoDB does not have"},
        Poison{R"({"a":{"S":1}})", "attribute \"a\", type S: a number where a string must be"},
        Poison{R"({"a":{"S":null}})", "attribute \"a\", type S: a null where a string must be"},
        Poison{R"({"a":{"N":1}})", "attribute \"a\", type N: a number where a string must be"},
        Poison{R"({"a":{"N":"x"}})", "number is not decimal"},
        Poison{R"({"a":{"N":""}})", "number is not decimal"},
        Poison{R"({"a":{"N":"NaN"}})", "number is not decimal"},
        Poison{R"({"a":{"N":"1e126"}})", "number is not within"},
        Poison{R"({"a":{"B":"AA="}})", "not standard Base64"},
        Poison{R"({"a":{"B":"A-_A"}})", "not standard Base64"},
        Poison{R"({"a":{"BOOL":null}})",
               "attribute \"a\", type BOOL: a null, wanted true or false"},
        Poison{R"({"a":{"BOOL":"true"}})", "a string, wanted true or false"},
        Poison{R"({"a":{"BOOL":1}})", "a number, wanted true or false"},
        Poison{R"({"a":{"NULL":false}})", "attribute \"a\", type NULL: a boolean, wanted true"},
        Poison{R"({"a":{"NULL":null}})", "a null, wanted true"},
        Poison{R"({"a":{"SS":["x",1]}})",
               "attribute \"a\", type SS: a number where a string must be"},
        Poison{R"({"a":{"SS":{"S":"x"}}})", "type SS: an object where an array must be"},
        Poison{R"({"a":{"NS":[1]}})", "type NS: a number where a string must be"},
        Poison{R"({"a":{"NS":["x"]}})", "number is not"},
        Poison{R"({"a":{"BS":["x"]}})", "not standard Base64"},
        Poison{R"({"a":{"L":{}}})", "type L: an object where an array must be"},
        Poison{R"({"a":{"M":[]}})", "type M: an array where an object must be"},
        Poison{R"({"m":{"M":{"x":{"L":[{"N":"1"},{"S":5}]}}}})",
               "attribute \"m.x[1]\", type S: a number where a string must be"},
        Poison{R"({"a":{"B":[1,2]}})", "type B: an array where a string must be"},
        Poison{R"({"a":{"B":{"type":"Buffer"}}})", "type B: an object where a string must be"},
        Poison{R"({"a":{"S":"\ud83d"}})", "lone surrogate"},
        Poison{R"({"a":{"SS":["\ude00"]}})", "lone surrogate"},
        Poison{R"({"\ud83d":{"S":"x"}})", "lone surrogate"},
        Poison{R"({"b":{"B":""},"a\u0000":{"S":"x"}})", "attribute name holds U+0000"},
        Poison{R"({"m":{"M":{"a\u0000":{"S":"x"}}}})", "attribute name holds U+0000"},
        Poison{R"({"a":{"S":"x"},"b":{"S":"y"},"a":{"S":"z"}})", "attribute is there twice"},
        Poison{R"({"a":{"S":"x"},"\u0061":{"S":"z"}})", "attribute is there twice"},
        Poison{R"({"m":{"M":{"a":{"S":"x"},"a":{"B":""}}}})", "attribute is there twice"}));

TEST(AppendNaturalJson, Appends) {
  std::string item = "before ";
  std::string types = "also ";

  append_natural_json(item, types, R"({"a":{"B":""}})");

  EXPECT_EQ(item, R"(before {"a":""})");
  EXPECT_EQ(types, R"(also {"/a":"B"})");
}

TEST(AppendNaturalJson, TakesDynamoDbsDepthAndMore) {
  const auto nested = [](int maps) {
    std::string open, close;
    for (int i = 0; i < maps; ++i) {
      open += R"({"M":{"a":)";
      close += "}}";
    }
    return R"({"a":)" + open + R"({"B":""})" + close + "}";
  };

  const auto [item, types] = natural(nested(63));

  EXPECT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(nested(63)));
  EXPECT_THAT(failure_of([&] { natural(nested(64)); }), HasSubstr("nests beyond"));
  EXPECT_THAT(failure_of([&] { natural(nested(10'000)); }), HasSubstr("nests beyond"));
}

TEST(AppendNaturalJson, MarksASetMemberAtTheGreatestDepth) {
  std::string image = R"({"SS":["\u0000"]})";
  for (int i = 0; i < 63; ++i) image = R"({"L":[)" + image + "]}";
  image = R"({"a":)" + image + "}";

  const auto [item, types] = natural(image);

  EXPECT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(image));
}

TEST(AppendNaturalJson, FindsADuplicateAmongThousandsOfNames) {
  std::string attributes;
  for (int i = 0; i < 5'000; ++i) attributes += R"("a)" + std::to_string(i) + R"(":{"N":"1"},)";

  EXPECT_NO_THROW(natural("{" + attributes + R"("last":{"N":"1"}})"));
  EXPECT_THAT(failure_of([&] { natural("{" + attributes + R"("a77":{"N":"1"}})"); }),
              HasSubstr("attribute is there twice"));
}

/// The first NewImage of an event.
std::string image_of(const std::string& file, const KeySchema& key_schema) {
  const auto table = std::make_shared<const SourceTable>(SourceTable{
      .arn = "arn:aws:dynamodb:us-east-1:111122223333:table/T", .key_schema = key_schema});
  const std::vector<Batch> batches =
      test::decode_event(test::read_testdata("events/" + file), table);
  return std::string{batches.at(0).changes.back().image};
}

TEST(AppendNaturalJson, TakesAnImageOfAllTypesButItsNulName) {
  std::string image = image_of("synthetic/lambda-all-types.json",
                               {.partition = {.name = "pk", .type = KeyType::B}, .sort = {}});
  EXPECT_THAT(failure_of([&] { natural(image); }), HasSubstr("attribute name holds U+0000"));
  const std::string nul_name = R"(nul\u0000name)";
  image.replace(image.find(nul_name), nul_name.size(), "other name");

  const auto [item, types] = natural(image);

  EXPECT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(image));
  EXPECT_THAT(types, HasSubstr(R"("/s_nul":"S:base64")"));
  EXPECT_THAT(item, HasSubstr(R"("ss":["","a","b"])"));
  EXPECT_THAT(item, HasSubstr(R"("ns":[1,2.5,3])"));
}

TEST(AppendNaturalJson, TakesImagesOfOtherProjects) {
  const KeySchema schema{.partition = {.name = "key", .type = KeyType::S},
                         .sort = KeyAttribute{.name = "val", .type = KeyType::S}};
  const std::string image = image_of("aws-lambda-go/dynamodb-event.json", schema);

  const auto [item, types] = natural(image);

  EXPECT_EQ(dynamodb_json_of(item, types), canonical_dynamodb_json(image));
}

}  // namespace
}  // namespace dynamite
