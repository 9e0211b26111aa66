#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "core/count.hpp"
#include "core/grams.hpp"
#include "tests/check.hpp"
#include "tests/random_corpus.hpp"

using namespace textmill;

namespace {

// n-gram -> text -> count, in the order of spelling
std::map<std::vector<std::int32_t>, std::map<std::int32_t, std::int32_t>> plain(const Corpus& corpus, int low, int high, std::size_t min_df) {
  std::map<std::vector<std::int32_t>, std::map<std::int32_t, std::int32_t>> found;
  for (std::size_t text = 0; text + 1 < corpus.rows.size(); ++text)
    for (std::int64_t i = corpus.rows[text]; i < corpus.rows[text + 1]; ++i)
      for (int n = low; n <= high && i + n <= corpus.rows[text + 1]; ++n)
        ++found[std::vector<std::int32_t>(corpus.ids.begin() + i, corpus.ids.begin() + i + n)][static_cast<std::int32_t>(text)];
  std::erase_if(found, [&](const auto& gram) { return gram.second.size() < min_df; });
  return found;
}

std::vector<std::int32_t> identity(std::size_t n, std::int32_t step = 1) {
  std::vector<std::int32_t> made(n);
  for (std::size_t i = 0; i < n; ++i) made[i] = static_cast<std::int32_t>(i) * step;
  return made;
}

std::unique_ptr<bool[]> all(std::size_t n) {
  auto keep = std::make_unique<bool[]>(n + 1);
  std::fill(keep.get(), keep.get() + n, true);
  return keep;
}

}  // namespace

TEST(counts_are_those_of_a_plain_count) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Corpus corpus = random_corpus(seed, 30, 5);
    const std::vector<std::int32_t> terms = identity(5);
    const int low = 1 + static_cast<int>(seed % 3), high = low + static_cast<int>(seed % 4);
    GramCounter counter;
    const std::size_t cut = seed % 30;  // added in two pieces
    std::vector<std::int64_t> behind(corpus.rows.begin() + static_cast<std::ptrdiff_t>(cut), corpus.rows.end());
    for (std::int64_t& row : behind) row -= corpus.rows[cut];
    counter.add(corpus.ids.data(), corpus.rows.data(), cut);
    counter.add(corpus.ids.data() + corpus.rows[cut], behind.data(), 30 - cut);
    counter.count(terms.data(), 5, 5, low, high, 1 + seed % 3, 2);
    const auto wanted = plain(corpus, low, high, 1 + seed % 3);
    CHECK_EQ(counter.n_columns(), wanted.size());
    const auto keep = all(counter.n_columns());
    Vocabulary kept = counter.vocabulary(keep.get());
    const Csr csr = counter.matrix(keep.get(), 2);
    CHECK_THROWS(std::logic_error, counter.matrix(keep.get(), 2));
    std::vector<std::map<std::int32_t, std::int32_t>> rows(30);
    std::int32_t column = 0;
    for (const auto& [gram, texts] : wanted) {
      for (const auto& [text, count] : texts) rows[static_cast<std::size_t>(text)][column] = count;
      ++column;
    }
    for (std::size_t text = 0; text < 30; ++text) {
      std::map<std::int32_t, std::int32_t> row;
      for (std::int32_t i = csr.indptr[text]; i < csr.indptr[text + 1]; ++i) row[csr.indices[i]] = csr.data[i];
      CHECK(row == rows[text]);
    }
    // a frozen vocabulary finds the same
    std::vector<std::int32_t> type_terms(5, kUnknown);
    for (std::size_t i = 0; i < kept.terms.size(); ++i) type_terms[static_cast<std::size_t>(kept.terms[i])] = static_cast<std::int32_t>(i);
    const Grams grams(std::move(kept.levels), low);
    const Counted again = count(grams, corpus.ids.data(), corpus.rows.data(), 30, type_terms.data(), 2);
    CHECK(again.indptr == csr.indptr);
    CHECK(std::equal(again.data.get(), again.data.get() + again.size(), csr.data.get()));
    CHECK(std::equal(again.indices.get(), again.indices.get() + again.size(), csr.indices.get()));
  }
}

TEST(keys_of_more_than_64_bits_give_the_same) {
  const int n_terms = 50, step = 80'000;  // 2^22 terms twice and 2^20 places or more: 22 + 22 + 20 bits and some
  Corpus corpus = random_corpus(7, 2000, n_terms);
  corpus.rows.resize(std::size_t{1} << 21, corpus.rows.back());  // empty texts
  const std::size_t n_texts = corpus.rows.size() - 1;
  const std::vector<std::int32_t> close = identity(n_terms), far = identity(n_terms, step);
  for (int high = 2; high <= 3; ++high) {
    GramCounter small, large;
    for (GramCounter* counter : {&small, &large}) counter->add(corpus.ids.data(), corpus.rows.data(), n_texts);
    small.count(close.data(), n_terms, n_terms, 1, high, 1, 1);
    large.count(far.data(), n_terms, std::size_t{n_terms} * step, 1, high, 1, 1);
    CHECK_EQ(small.n_columns(), large.n_columns());
    CHECK(small.document_frequencies() == large.document_frequencies());
    CHECK(small.term_frequencies() == large.term_frequencies());
  }
}

TEST(a_counter_counts_once) {
  const std::int32_t id = 0, term = 0;
  const std::int64_t rows[] = {0, 1};
  GramCounter counter;
  counter.add(&id, rows, 1);
  const bool keep = true;
  CHECK_THROWS(std::logic_error, counter.vocabulary(&keep));
  CHECK_THROWS(std::logic_error, counter.matrix(&keep, 1));
  counter.count(&term, 1, 1, 1, 3, 1, 1);
  CHECK_EQ(counter.n_columns(), 1u);
  CHECK_THROWS(std::logic_error, counter.count(&term, 1, 1, 1, 1, 1, 1));
  CHECK_THROWS(std::logic_error, counter.add(&id, rows, 1));
}

TEST(no_texts_and_no_words_are_fine) {
  const std::int64_t rows[] = {0, 0, 0};
  for (std::size_t n = 0; n < 3; ++n) {
    GramCounter counter;
    counter.add(nullptr, rows, n);
    counter.count(nullptr, 0, 0, 1, 3, 1, 4);
    CHECK_EQ(counter.n_columns(), 0u);
    CHECK_EQ(counter.vocabulary(nullptr).levels.size(), 3u);
    CHECK_EQ(counter.matrix(nullptr, 4).indptr.size(), n + 1);
  }
}

TEST(an_n_gram_of_what_is_not_there_is_refused) {
  using Levels = std::vector<KeptLevel>;
  CHECK_THROWS(std::invalid_argument, Grams(Levels{{{}, {}, {0}}, {{1}, {0}, {1}}}, 1));
  CHECK_THROWS(std::invalid_argument, Grams(Levels{{{}, {}, {0}}, {{0}, {-1}, {1}}}, 1));
  CHECK_THROWS(std::out_of_range, Grams(Levels{}, 1));
}
