#include "aws/xml_text.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(XmlTexts, FindsAllElementsOfThatName) {
  EXPECT_THAT(xml_texts("<a xmlns=\"urn:x\"><b>1</b><c>2</c><d><b>3</b></d></a>", "b"),
              ElementsAre("1", "3"));
}

TEST(XmlTexts, DecodesEntities) {
  EXPECT_THAT(xml_texts("<m>&lt;a&gt; &amp;amp; &quot;b&apos;&quot;</m>", "m"),
              ElementsAre("<a> &amp; \"b'\""));
}

TEST(XmlTexts, DecodesCharactersByNumber) {
  EXPECT_THAT(xml_texts("<m>&#43;&#x2F;&#x3d; &#; &#x; &#300; &#43</m>", "m"),
              ElementsAre("+/= &#; &#x; &#300; &#43"));
}

TEST(XmlTexts, LeavesOutElementsThatHoldOthersAndWhatIsCutOff) {
  EXPECT_THAT(xml_texts("<b><c>1</c></b><b>2", "b"), IsEmpty());
  EXPECT_THAT(xml_texts("", "b"), IsEmpty());
  EXPECT_THAT(xml_texts("{\"b\":1}", "b"), IsEmpty());
}

}  // namespace
}  // namespace dynamite
