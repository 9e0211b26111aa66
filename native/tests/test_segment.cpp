#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/segment.hpp"
#include "core/splitters.hpp"
#include "core/utf8.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

Segmented segments(const std::vector<std::string>& texts, Segments kind, std::size_t threads = 1) {
  std::vector<std::int64_t> offsets{0};
  std::string joined;
  for (const std::string& text : texts) {
    joined += text;
    offsets.push_back(static_cast<std::int64_t>(joined.size()));
  }
  // in memory of exactly its size, so that a sanitizer sees a read behind it
  const auto bytes = std::make_unique<char[]>(joined.size());
  std::copy(joined.begin(), joined.end(), bytes.get());
  return segment({bytes.get(), offsets.data(), texts.size()}, kind, threads);
}

std::vector<std::string> cut(const std::string& ascii, Segments kind) {
  std::vector<std::string> found;
  const Segmented all = segments({ascii}, kind);
  for (std::size_t i = 0; i < all.spans.size(); i += 2)
    found.push_back(ascii.substr(static_cast<std::size_t>(all.spans[i]), static_cast<std::size_t>(all.spans[i + 1] - all.spans[i])));
  return found;
}

}  // namespace

TEST(unicode_words_hold_a_word_character) {
  CHECK_EQ(cut("Can't pay $3.50, 1,000: x_y!", Segments::words), std::vector<std::string>{"Can't", "pay", "3.50", "1,000", "x_y"});
  CHECK_EQ(cut("a  b.'", Segments::all_words), std::vector<std::string>{"a", "  ", "b", ".", "'"});
  CHECK_EQ(cut("a.b 1.b 1:2 a,b", Segments::words), std::vector<std::string>{"a.b", "1", "b", "1", "2", "a", "b"});
  CHECK_EQ(cut("", Segments::words), std::vector<std::string>{});
}

TEST(sentences_keep_the_blanks_behind_them) {
  CHECK_EQ(cut("One. Two (i.e. two)!\r\nx", Segments::sentences), std::vector<std::string>{"One. ", "Two (i.e. two)!\r\n", "x"});
  CHECK_EQ(cut("Stop. 1 2 go", Segments::sentences), std::vector<std::string>{"Stop. 1 2 go"});
  CHECK_EQ(cut("Stop. 1 2 Go", Segments::sentences), std::vector<std::string>{"Stop. ", "1 2 Go"});
}

TEST(a_line_feed_stays_with_the_return_before_it) {
  CHECK_EQ(cut("a\r\n\n\r", Segments::graphemes), std::vector<std::string>{"a", "\r\n", "\n", "\r"});
}

TEST(segments_of_any_bytes_lie_side_by_side_and_alike_with_threads_and_as_splitters) {
  const std::vector<std::string> pieces = {
      "a", "Bc", "1", "_", "'", "\"", ".", ",", ":", " ", "  ", "\r", "\n", "!", ")", "\xCC\x81", "\xE2\x80\x8D", "\xEF\xBE\x9E",
      "\xD7\x90", "\xE3\x82\xAB", "\xE2\x80\xAF", "\xC2\xAD", "\xF0\x9F\x87\xAB", "\xF0\x9F\x91\xA9", "\xE1\x84\x80", "\xEA\xB0\x80",
      "\xD8\x80", "\xE2\x93\x82", "\xE2\x80\xA9", "\xE3\x80\x82", "\xC3", "\xE2\x82", "\xF0\x9F", "\x80", "\xFF", std::string(1, '\0')};
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (unsigned n = random() % 40; n > 0; --n)
      for (unsigned k = random() % 8 ? 1 : random() % 90, piece = random() % pieces.size(); k > 0; --k) text += pieces[piece];
    texts.push_back(text);
  }
  for (const Segments kind : {Segments::graphemes, Segments::words, Segments::all_words, Segments::sentences}) {
    const Segmented all = segments(texts, kind);
    const Segmented again = segments(texts, kind, 3);
    CHECK(all.rows == again.rows && all.spans == again.spans);
    const auto splitter = kind == Segments::graphemes ? split_graphemes : kind == Segments::sentences ? split_sentences : split_unicode;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Segmented alone = segments({texts[i]}, kind);
      const auto first = all.spans.begin() + 2 * all.rows[i], last = all.spans.begin() + 2 * all.rows[i + 1];
      CHECK(std::equal(alone.spans.begin(), alone.spans.end(), first, last));
      std::int32_t codes = 0, before = 0;
      for (const char byte : texts[i]) codes += !is_continuation(byte);
      for (auto at = first; at != last; at += 2) {
        CHECK(kind == Segments::words ? before <= at[0] : before == at[0]);
        CHECK(at[0] <= at[1]);
        before = at[1];
      }
      CHECK(kind == Segments::words || before == codes);

      Text text, spare;
      text.set(texts[i]);
      Program program;
      program.options = kind == Segments::all_words ? kAllSegments : 0;
      std::vector<Span> found;
      splitter(text, spare, program, found);
      CHECK_EQ(static_cast<std::int64_t>(found.size()), all.rows[i + 1] - all.rows[i]);
      std::size_t end = 0;
      for (const Span& span : found) {
        CHECK(end <= span.begin && span.begin < span.end && span.end <= texts[i].size());
        end = span.end;
      }
      CHECK(kind == Segments::words || end == texts[i].size());
    }
  }
}
