#include "core/layout.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/check.hpp"

using namespace textmill;

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

void texts(const std::vector<std::uint8_t>& bytes, std::vector<std::int64_t> offsets) {
  checked_texts({bytes.data(), bytes.size()}, {offsets.data(), offsets.size()});
}

std::int64_t malformed(const std::string& bytes, std::vector<std::int64_t> offsets) {
  return first_malformed({bytes.data(), offsets.data(), offsets.size() - 1}, 3);
}

}  // namespace

TEST(offsets_must_fit_the_bytes) {
  const std::vector<std::uint8_t> bytes = bytes_of("some text");
  texts(bytes, {0});
  texts(bytes, {2, 2, 9});
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
  for (const std::vector<std::int64_t>& offsets : std::vector<std::vector<std::int64_t>>{
           {}, {10}, {0, 10}, {-1, 3}, {3, 2, 9}, {0, most}, {least, 0}, {0, most, 3}, {0, std::int64_t{1} << 32}, {most, most}})
    CHECK_THROWS(std::invalid_argument, texts(bytes, offsets));
}

TEST(places_beyond_32_bits_are_refused_with_the_text) {
  const std::size_t most = std::numeric_limits<std::int32_t>::max();
  require_places_fit(most, 7);
  CHECK_THROWS(std::overflow_error, require_places_fit(most + 1, 7));
  try {
    require_places_fit(most + 1, 7);
  } catch (const std::overflow_error& error) {
    CHECK(std::string(error.what()).starts_with("text 7 "));
  }
}

TEST(the_first_text_that_is_no_utf8_is_found) {
  CHECK_EQ(malformed("", {0}), std::int64_t{-1});
  CHECK_EQ(malformed("ab\xC3\xA9" "cd", {0, 2, 4, 4, 6}), std::int64_t{-1});
  CHECK_EQ(malformed("ab\xC3\xA9" "cd", {0, 2, 3, 6}), std::int64_t{1});  // a character in two texts
  CHECK_EQ(malformed("ab\xFFz", {0, 0, 2, 2, 4}), std::int64_t{3});
  CHECK_EQ(malformed("\xED\xA0\x80", {0, 0, 3}), std::int64_t{1});  // a surrogate
  CHECK_EQ(malformed("\xEF\xBF\xBD", {0, 3}), std::int64_t{-1});    // U+FFFD itself
  CHECK_EQ(malformed("\xFF" "ab", {1, 2, 3}), std::int64_t{-1});    // before the slice
}
