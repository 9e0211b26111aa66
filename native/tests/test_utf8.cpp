#include <string>

#include "core/unicode.hpp"
#include "core/utf8.hpp"
#include "tests/check.hpp"

using namespace textmill;

TEST(every_code_point_survives_encoding) {
  int wrong = 0;
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    char bytes[4];
    const std::size_t size = encode(code, bytes);
    const Decoded back = decode(bytes, bytes + size);
    wrong += back.code != code || back.size != size;
    for (std::size_t cut = 1; cut < size; ++cut)  // cut short, the first byte stands alone
      wrong += decode(bytes, bytes + cut).code != 0xFFFD || decode(bytes, bytes + cut).size != 1;
  }
  CHECK_EQ(wrong, 0);
}

TEST(malformed_bytes_are_read_one_by_one) {
  const std::string bad[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                             "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2\x82("};
  for (const std::string& bytes : bad) {
    const Decoded now = decode(bytes.data(), bytes.data() + bytes.size());
    CHECK_EQ(now.code, 0xFFFDu);
    CHECK_EQ(now.size, 1u);
  }
}

TEST(flags_end_at_the_last_code_point) {
  CHECK(flags_of('a') & kWord);
  CHECK(!(flags_of(0x10FFFF) & kWord));
  CHECK_EQ(static_cast<int>(flags_of(0x110000)), 0);
  CHECK_EQ(simple_lower(0x10400), 0x10428u);
}
