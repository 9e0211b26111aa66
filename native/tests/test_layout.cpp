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
