#include "core/treebank.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/program.hpp"
#include "core/punkt.hpp"
#include "core/sentences.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

using Strings = std::vector<std::string>;

std::shared_ptr<Punkt> small_punkt() {
  auto punkt = std::make_shared<Punkt>();
  punkt->add("dr", Punkt::kAbbreviation);
  punkt->add("u.s", Punkt::kAbbreviation);
  punkt->add("the", Punkt::kStarter | Punkt::kBeginUpper | Punkt::kMiddleLower);
  punkt->add("", Punkt::kAbbreviation);
  punkt->add_collocation("##number##", "zimmer");
  return punkt;
}

Strings tokens(std::string_view raw, std::uint32_t options = 0) {
  Program program;
  program.lower_case = false;
  program.splitter = find_splitter("treebank");
  program.options = options;
  program.punkt = small_punkt();
  Runner runner(program, true);
  Strings found;
  std::size_t before = 0;
  runner.run(raw, [&](std::size_t begin, std::size_t end) {
    CHECK(begin < end && end <= runner.text().size());
    CHECK(before <= runner.text().from(begin) && runner.text().from(begin) < runner.text().to(end - 1) && runner.text().to(end - 1) <= raw.size());
    before = runner.text().to(end - 1);
    found.emplace_back(runner.text().view().substr(begin, end - begin));
  });
  return found;
}

Strings sentences(std::string_view raw, const Punkt* punkt) {
  Text text;
  text.set(raw);
  std::vector<Span> found;
  if (punkt) punkt->sentences(text, true, found);
  else find_sentences(text, found);
  Strings all;
  std::size_t before = 0;
  for (const Span& span : found) {
    CHECK(before <= span.begin && span.begin < span.end && span.end <= raw.size());
    before = span.end;
    all.emplace_back(raw.substr(span.begin, span.end - span.begin));
  }
  return all;
}

}  // namespace

TEST(words_of_the_treebank_are_split_with_their_quotes) {
  CHECK_EQ(tokens("\"I can't,\" he said (cannot)."),
           Strings{"``", "I", "ca", "n't", ",", "''", "he", "said", "(", "can", "not", ")", "."});
  CHECK_EQ(tokens("(a) [b]", treebank::kConvertParentheses), Strings{"-LRB-", "a", "-RRB-", "-LSB-", "b", "-RSB-"});
  CHECK_EQ(tokens("'tis so*", treebank::kClassic), Strings{"'t", "is", "so*"});
  CHECK_EQ(tokens("So. It is.", 0), Strings{"So.", "It", "is", "."});
  CHECK_EQ(tokens("So. It is.", treebank::kByRules), Strings{"So", ".", "It", "is", "."});
  CHECK_EQ(tokens("Dr. No. The end.", treebank::kByPunkt), Strings{"Dr.", "No", ".", "The", "end", "."});
}

TEST(sentences_end_with_their_closing_marks) {
  const auto punkt = small_punkt();
  CHECK_EQ(sentences("(One.) \"Two!\" Dr. Who", punkt.get()), Strings{"(One.)", "\"Two!\"", "Dr. Who"});
  CHECK_EQ(sentences("(One.) \"Two!\" Dr. Who", nullptr), Strings{"(One.)", "\"Two!\"", "Dr. Who"});
  CHECK_EQ(sentences("No 5. Zimmer", punkt.get()), Strings{"No 5. Zimmer"});
}

TEST(any_bytes_are_split_inside_their_memory) {
  const Strings pieces = {"\"",  "'",    "''",  "`",   "``",   ",",  ":",    ".",   "..",  "...",      "-",        "--",       "(",   ")",   "[1]", "{",
                          " ",   "  ",   "\n",  "\t",  "\x1C", "s",  "'s",   "'ll", "n't", "cannot",   "gonna",    "wanna",    "d'ye", "gim", "me",  "'tis",
                          "'twas", "Dr.", "5.", "U.S.", "a",   "A",  "www.", "://", "a@b.c", ":)",     "=====",    "\xC2\xAB", "\xE2\x80\x9D", "\xE2\x80\x94",
                          "\xC2\xA0", "\xE2\x80\xA8", "\xE3\x80\x82", "\xE3\x80\x8D", "\xC5\xBF", "\xC4\xB0", "\xCE\xA3", "\xD9\xA3", "\x80", "\xC3", "\xE2\x80",
                          "\xF0\x9F", "\xFF", "\xED\xA0\x80", "?", "!", "*", ";", "Zimmer", "the", "\xE2\x80\xA6"};
  const auto punkt = small_punkt();
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string made;
    for (unsigned n = random() % 24; n > 0; --n)
      for (unsigned k = random() % 12 ? 1 : random() % 6; k > 0; --k) made += pieces[random() % pieces.size()];
    const std::vector<char> exact(made.begin(), made.end());  // so that a sanitizer sees a read behind it
    const std::string_view text(exact.data(), exact.size());
    std::size_t before = 0;
    for (const std::uint32_t options : {0u, 1u, 2u, 4u, 8u, 11u}) {
      std::size_t size = 0;
      for (const std::string& token : tokens(text, options)) size += token.size();
      CHECK(size <= 5 * text.size());
      if (options == 0) before = size;
      if (options == 4 || options == 8) CHECK_EQ(size, before);  // sentences change where words are cut, not what is in them
    }
    sentences(text, nullptr);
    sentences(text, punkt.get());
  }
}
