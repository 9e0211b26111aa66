#include <random>
#include <string>
#include <vector>

#include "core/program.hpp"
#include "core/tweet.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

std::vector<std::string> tokens(std::string_view raw, std::uint32_t options = 0) {
  Program program;
  program.lower_case = false;
  program.splitter = find_splitter("tweet");
  program.options = options;
  Runner runner(program, true);
  std::vector<std::string> found;
  runner.run(raw, [&](std::size_t begin, std::size_t end) {
    CHECK(begin < end && end <= runner.text().size());
    CHECK(runner.text().from(begin) < runner.text().to(end - 1) && runner.text().to(end - 1) <= raw.size());
    found.emplace_back(runner.text().view().substr(begin, end - begin));
  });
  return found;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST(a_tweet_falls_into_words_links_and_emoticons) {
  CHECK_EQ(tokens("@bob don't: see http://t.co/x(y), :-) <3 #a-b"),
           Strings{"@bob", "don't", ":", "see", "http://t.co/x(y)", ",", ":-)", "<3", "#a-b"});
  CHECK_EQ(tokens("call +1 (555) 123-4567."), Strings{"call", "+1 (555) 123-4567", "."});
  CHECK_EQ(tokens("12345678", tweet::kNoPhoneNumbers), Strings{"12345678"});
}

TEST(options_of_tweets_rewrite_the_text) {
  CHECK_EQ(tokens("@bob: HEYYYYY :D", tweet::kLowerCase | tweet::kReduceLengthening | tweet::kStripHandles), Strings{":", "heyyy", ":D"});
  CHECK_EQ(tokens("&lt;3 &#x80; &#xD800;"), Strings{"<3", "\xE2\x82\xAC", "\xEF\xBF\xBD"});
  CHECK_EQ(tokens("&#xD800;", tweet::kKeepSurrogates), Strings{"\xED\xA0\x80"});
}

TEST(a_tweet_of_any_bytes_is_read_inside_its_memory) {
  const Strings pieces = {"http://", "a.bb/", "(",  ")",    "a",        "1",        "@",  "#",  "<",    ">",        "-",    "'", ".",
                          "/",       ":",     " ",  "&#x",  "41;",      "&amp;",    "\n", "+1", "555",  "\xC3\xA9", "\xC5\xBF", "\xE2\x80\x8D",
                          "\xF0\x9F\x8F\xBB", "\xF0\x9F\x87\xA6", "\xF0\x9F\x8F\xB4", "\x80", "\xC3", "\xF0\x9F", "\xED\xA0\x80", "\xFF", "Z", "_", "8"};
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned n = random() % 24; n > 0; --n)
      for (unsigned k = random() % 12 ? 1 : random() % 6; k > 0; --k) text += pieces[random() % pieces.size()];
    std::size_t size = 0;
    for (const std::uint32_t options : {0u, 31u})
      for (const std::string& token : tokens(text, options)) size += token.size();
    CHECK(size <= 3 * 2 * text.size() + 64);  // small letters may be longer
  }
}
