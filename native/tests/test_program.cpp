#include <string>
#include <vector>

#include "core/program.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

std::string after(std::vector<Stage> stages, bool lower_case, std::string_view raw) {
  Program program;
  program.stages = std::move(stages);
  program.lower_case = lower_case;
  Runner runner(program, true);
  runner.prepare(raw);
  const Text& text = runner.text();
  for (std::size_t i = 0; i < text.size(); ++i) {  // alignment: inside the raw text, never falling
    CHECK(text.from(i) < text.to(i) && text.to(i) <= raw.size());
    CHECK(i == 0 || (text.from(i - 1) <= text.from(i) && text.to(i - 1) <= text.to(i)));
  }
  for (std::size_t i = 0; i < Text::kPadding; ++i) CHECK_EQ(static_cast<int>(text.data()[text.size() + i]), 0);
  return std::string(text.view());
}

std::vector<std::string> words(std::string_view raw, std::uint32_t min_word = 2) {
  Program program;
  program.min_word = min_word;
  Runner runner(program, false);
  std::vector<std::string> found;
  runner.run(raw, [&](std::size_t begin, std::size_t end) { found.emplace_back(runner.text().view().substr(begin, end - begin)); });
  return found;
}

}  // namespace

TEST(words_are_runs_of_two_word_characters_or_more) {
  CHECK_EQ(words("I am, a_1 \xC3\x89t\xC3\xA9!"), std::vector<std::string>{"am", "a_1", "\xC3\xA9t\xC3\xA9"});
  CHECK_EQ(words("a b", 1), std::vector<std::string>{"a", "b"});
  CHECK_EQ(words(""), std::vector<std::string>{});
  CHECK_EQ(words(std::string_view("a\0bc", 4)), std::vector<std::string>{"bc"});
  CHECK_EQ(words("ab\xFF\xFE" "cd\xC3"), std::vector<std::string>{"ab", "cd"});
}

TEST(the_sigma_at_the_end_of_a_word_is_final) {
  const std::string capital = "\xCE\xA3", small = "\xCF\x83", final = "\xCF\x82", mark = "\xCC\x81";
  CHECK_EQ(after({}, true, "A" + capital), "a" + final);
  CHECK_EQ(after({}, true, capital), small);
  CHECK_EQ(after({}, true, "A" + capital + "B"), "a" + small + "b");
  CHECK_EQ(after({}, true, "A" + mark + capital + mark + "."), "a" + mark + final + mark + ".");
  CHECK_EQ(after({}, true, "A" + capital + mark + "B"), "a" + small + mark + "b");
  CHECK_EQ(after({}, true, "A\xCC" + capital), "a\xCC" + small);  // a torn character is no letter
}

TEST(markup_goes_and_references_are_read) {
  CHECK_EQ(after({strip_html}, false, "<p>One</p><p>Two &amp; three</p>"), "\nOne\n\nTwo & three\n");
  CHECK_EQ(after({strip_html}, false, "a<!--x-->b<!-->c<!-- > d"), "abc d");
  CHECK_EQ(after({strip_html}, false, "<script>a<b</script>c<script>d<script>e"), "\nc\nd\ne");
  CHECK_EQ(after({strip_html}, false, "&#0;&#x80;&#xD800;&#x110000;&#1;&#;&x"), "\xEF\xBF\xBD\xE2\x82\xAC\xEF\xBF\xBD\xEF\xBF\xBD&#;&x");
  CHECK_EQ(after({strip_html}, false, "1 < 2 & <3 >"), "1 < 2 & <3 >");
}

TEST(links_and_mentions_become_blanks) {
  CHECK_EQ(after({drop_urls}, false, "a HTTP://b www.c. http:// d"), "a     http:// d");
  CHECK_EQ(after({drop_urls}, false, "wwww.a https://b:c.d www. hhttp://e"), "w    www. h ");
  CHECK_EQ(after({drop_mentions}, false, "@a b@c @@d @"), "  b@c @  @");
  CHECK_EQ(after({drop_urls, drop_mentions}, true, "X http://@Y @Z"), "x    ");
}

TEST(normal_forms_keep_places_rising) {
  const std::string e = "e\xCC\x81";
  CHECK_EQ(after({nfc}, false, "x" + e + "\xCC\xA3."), "x\xE1\xBA\xB9\xCC\x81.");
  CHECK_EQ(after({nfd}, false, "\xC3\xA9"), e);
  CHECK_EQ(after({nfkd}, false, "\xEF\xAC\x81\xEA\xB0\x81"), "fi\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8");
  CHECK_EQ(after({nfc}, false, "\xFF\xCC\x81" "e\xFF\xCC\x81"), "\xFF\xCC\x81" "e\xFF\xCC\x81");  // torn bytes stay
  std::string marks = "a";
  for (int i = 0; i < 200; ++i) marks += i % 2 ? "\xCC\xA3" : "\xCC\x81";
  CHECK_EQ(after({nfd, nfc}, false, marks), after({nfc}, false, marks));
}

TEST(what_cleaners_leave) {
  CHECK_EQ(after({drop_emails}, false, "a.b@c.de @x a@b"), "  @x a@b");
  CHECK_EQ(after({split_hashtags}, false, "#ForestFire2020#a_b #1"), "Forest Fire 2020 a b #1");
  CHECK_EQ(after({drop_citations}, false, "a[1][note 2]b.[1, 2] [2020]"), "a b. [2020]");
  CHECK_EQ(after({drop_controls}, false, "a\r\nb\x01\xE2\x80\x8B"), "a\nb");
  CHECK_EQ(after({join_spaces}, false, " a \t\xE3\x80\x80" "b "), "a b");
  CHECK_EQ(after({fold_digits}, false, "12.5"), "0.0");
  CHECK_EQ(after({name_emoji}, false, "1\xEF\xB8\x8F\xE2\x83\xA3"), " keycap: 1 ");
  CHECK_EQ(after({fold_to_ascii}, false, "\xCC\x81" "e\xCC\x81\xC3\x9F"), "ess");
  CHECK_EQ(after({casefold}, false, "A\xC3\x9F"), "ass");
}

TEST(ascii_is_seen_at_every_length) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    CHECK(is_ascii(text.data(), size));
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = '\x80';
      CHECK(!is_ascii(text.data(), size));
      text[i] = 'a';
    }
  }
}
