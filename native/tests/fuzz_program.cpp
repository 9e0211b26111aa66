// Every stage in every order over any bytes. With clang: -fsanitize=fuzzer,address -DTEXTMILL_LIBFUZZER; without it a
// main() of its own feeds seeded random inputs: fuzz_program [seconds] [seed].
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/csv.hpp"
#include "core/count.hpp"
#include "core/grams.hpp"
#include "core/scan.hpp"

using namespace textmill;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

// The first three bytes choose case, word length and stages, the rest are texts, cut at each 0xFE.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Program program;
  const Stage stages[] = {nullptr,       strip_html,    drop_urls,      drop_mentions,  drop_emails, drop_hashtags, keep_hashtags,
                          split_hashtags, drop_emoji,   name_emoji,     drop_citations, drop_controls, join_spaces, fold_digits,
                          nfc,           nfd,           nfkc,           nfkd,           fold_to_ascii, casefold};
  program.lower_case = data[0] & 1;
  program.min_word = 1 + (data[0] >> 1 & 1);
  for (const std::size_t choice : {data[0] >> 2, data[1] + 0, data[2] + 0})
    if (const Stage stage = stages[choice % std::size(stages)]) program.stages.push_back(stage);
  // in memory of exactly its size, so that a sanitizer sees a read behind it
  const std::vector<char> bytes(reinterpret_cast<const char*>(data) + 3, reinterpret_cast<const char*>(data) + size);
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (static_cast<unsigned char>(bytes[i]) == 0xFE) offsets.push_back(static_cast<std::int64_t>(i));
  offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  const Texts texts{bytes.data(), offsets.data(), offsets.size() - 1};

  InternTable types;
  const Scanned found = scan(program, texts, types, true, 1);
  require(found.spans.size() == 2 * found.ids.size(), "two places a token");
  require(found.rows.back() == static_cast<std::int64_t>(found.ids.size()), "rows end at the last token");
  for (std::size_t text = 0; text < texts.n; ++text) {
    std::int32_t before = 0;
    for (auto i = static_cast<std::size_t>(found.rows[text]); i < static_cast<std::size_t>(found.rows[text + 1]); ++i) {
      const std::int32_t begin = found.spans[2 * i], end = found.spans[2 * i + 1];
      require(before <= begin && begin <= end && end <= static_cast<std::int32_t>(texts[text].size()), "places rise inside the text");
      before = begin;
    }
  }
  InternTable others, plain;
  require(scan_frozen(program, texts, types, others, false, 1).ids == found.ids && others.size() == 0, "a frozen table knows its words");
  require(scan(program, texts, plain, false, 1).ids == found.ids, "places change no word");
  fingerprints(texts, true, 1);
  require(csv_rows({texts, texts}, ',').size() >= 3 * texts.n, "a row of CSV a text");

  std::vector<std::int32_t> terms(types.size());
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = static_cast<std::int32_t>(i);
  GramCounter counter;
  counter.add(found.ids.data(), found.rows.data(), texts.n);
  counter.count(terms.data(), terms.size(), terms.size(), 1, 3, 1, 1);
  const auto keep = std::make_unique<bool[]>(counter.n_columns() + 1);
  for (std::size_t i = 0; i < counter.n_columns(); ++i) keep[i] = i % 3 != 1;
  Vocabulary kept = counter.vocabulary(keep.get());
  const Csr csr = counter.matrix(keep.get(), 1);
  std::fill(terms.begin(), terms.end(), kUnknown);
  for (std::size_t i = 0; i < kept.terms.size(); ++i) terms[static_cast<std::size_t>(kept.terms[i])] = static_cast<std::int32_t>(i);
  Counted again = count(Grams(std::move(kept.levels), 1), found.ids.data(), found.rows.data(), texts.n, terms.data(), 1);
  require(again.indptr == csr.indptr && std::equal(again.indices.begin(), again.indices.end(), csr.indices.get()), "a frozen vocabulary counts alike");
  weigh(again.data.data(), again.indices.data(), again.indptr.data(), again.lengths.data(), texts.n, {Tf::sublinear, Norm::l2, nullptr, 1, 3}, 1);
  return 0;
}

#ifndef TEXTMILL_LIBFUZZER
int main(int n_arguments, char** arguments) {
  const double seconds = n_arguments > 1 ? std::atof(arguments[1]) : 2;
  std::mt19937 random(n_arguments > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1);
  const std::vector<std::string> pieces = {
      "<", ">", "</", "<!--", "-->", "<!-->", "<script>", "</script>", "<style ", "</style", "<p>", "<a href=", "&", "&amp;", "&am", "&#",
      "&#x", "&#65;", "&#xD800", ";", "&CounterClockwiseContourIntegral;", "http://", "https://", "www.", "@", "@a", " ", "\n", "word", "ab",
      "Z", "_", "0", "\xC3\x89", "\xC4\xB0", "\xCE\xA3", "\xCC\x81", "\xC2\xAD", "\xE2\x80\x8D", "\xF0\x9D\x92\xB3", "\xF0\x9F\x98\x80", "\xC3",
      "\xE2\x82", "\xF0\x9F", "\x80", "\xFF", "\xFE", std::string(1, '\0'), "#", "#Ab", "a@b.co", "[1]", "[", "]", "1", "\r", "\x1F", "\xC2\x85", "\xE2\x80\x8B",
      "\xCC\xA3", "\xE1\x84\x80", "\xE1\x85\xA1", "\xE1\x86\xA8", "\xE0\xBD\xB3", "\xEF\xB7\xBA", "\xEF\xB8\x8F", "\xE2\x83\xA3",
      "\xF0\x9F\x91\xA9", "\xF0\x9F\x87\xAB", "\xF3\xA0\x81\xA7", "\xC3\x9F", "\xC2\xBD", "\xEF\xBF\xBD", "\xED\xA0\x80", "\xE2\x80\xA8"};
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  long runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    std::string input;
    for (int k = 0; k < 3; ++k) input.push_back(static_cast<char>(random()));
    for (unsigned n = random() % 60; n > 0; --n) {
      if (random() % 8 == 0) input.push_back(static_cast<char>(random()));
      else for (unsigned k = random() % 16 ? 1 : random() % 40; k > 0; --k) input += pieces[random() % pieces.size()];
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%ld inputs, nothing broken\n", runs);
}
#endif
