#include "core/skipgrams.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/cancel.hpp"
#include "core/count.hpp"
#include "tests/check.hpp"
#include "tests/random_corpus.hpp"

using namespace textmill;

TEST(skip_grams_are_those_of_a_plain_count) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Corpus corpus = random_corpus(seed, 20, 4);
    const std::vector<std::int32_t> terms{0, 1, 2, 3};
    const int low = 1 + static_cast<int>(seed % 3), high = low + static_cast<int>(seed % 2);
    const std::size_t skip = seed % 5;
    std::map<std::vector<std::int32_t>, std::map<std::int32_t, std::int32_t>> wanted;
    for (std::size_t text = 0; text < 20; ++text) {
      const std::int32_t* of = corpus.ids.data() + corpus.rows[text];
      const auto n = static_cast<std::size_t>(corpus.rows[text + 1] - corpus.rows[text]);
      double total = 0;
      // every choice of places whose first and last lie near enough
      for (std::uint32_t choice = 1; choice < std::uint32_t{1} << n; ++choice) {
        const auto length = static_cast<std::size_t>(std::popcount(choice));
        const auto span = static_cast<std::size_t>(std::bit_width(choice) - std::countr_zero(choice));
        if (length < static_cast<std::size_t>(low) || length > static_cast<std::size_t>(high) || span > length + skip) continue;
        std::vector<std::int32_t> gram;
        for (std::size_t i = 0; i < n; ++i)
          if (choice >> i & 1) gram.push_back(of[i]);
        ++wanted[gram][static_cast<std::int32_t>(text)];
        ++total;
      }
      double said = 0;
      for (int length = low; length <= high; ++length) said += n_skip_grams(n, static_cast<std::size_t>(length), skip);
      CHECK_EQ(said, total);
    }
    const std::size_t min_df = 1 + seed % 4;
    std::erase_if(wanted, [&](const auto& gram) { return gram.second.size() < min_df; });
    const SkipGramCounter counter(corpus.ids.data(), corpus.rows.data(), 20, terms.data(), 4, low, high, skip,
                                  static_cast<std::int64_t>(min_df));
    CHECK_EQ(counter.n_columns(), wanted.size());
    const std::vector<std::int64_t> df = counter.document_frequencies(), tf = counter.term_frequencies();
    const auto keep = std::make_unique<bool[]>(counter.n_columns() + 1);
    std::fill_n(keep.get(), counter.n_columns(), true);
    Vocabulary kept = counter.vocabulary(keep.get());
    std::vector<std::int32_t> type_terms(4, kUnknown);
    for (std::size_t i = 0; i < kept.terms.size(); ++i) type_terms[static_cast<std::size_t>(kept.terms[i])] = static_cast<std::int32_t>(i);
    const Grams grams(std::move(kept.levels), low, skip);
    const Counted found = count(grams, corpus.ids.data(), corpus.rows.data(), 20, type_terms.data(), 2);
    std::size_t column = 0;
    for (const auto& [gram, texts] : wanted) {
      std::int64_t times = 0;
      for (const auto& [text, n] : texts) {
        times += n;
        const std::int32_t* first = found.indices.get() + found.indptr[static_cast<std::size_t>(text)];
        const std::int32_t* last = found.indices.get() + found.indptr[static_cast<std::size_t>(text) + 1];
        const std::int32_t* at = std::lower_bound(first, last, static_cast<std::int32_t>(column));
        CHECK(at != last && *at == static_cast<std::int32_t>(column) && found.data[static_cast<std::size_t>(at - found.indices.get())] == n);
      }
      CHECK_EQ(df[column], static_cast<std::int64_t>(texts.size()));
      CHECK_EQ(tf[column], times);
      ++column;
    }
  }
}

TEST(skip_grams_of_a_single_text_stop) {
  const std::vector<std::int32_t> ids(2000, 0), terms{0};
  const std::int64_t rows[] = {0, 2000};
  const auto learn = [&] { return SkipGramCounter(ids.data(), rows, 1, terms.data(), 1, 1, 4, 20, 1); };
  const bool keep[] = {true, true, true, true};
  const Grams grams(learn().vocabulary(keep).levels, 1, 20);
  const CancelFlag flag{true};
  const CancelScope scope(&flag);
  CHECK_THROWS(Cancelled, learn());
  CHECK_THROWS(Cancelled, count(grams, ids.data(), rows, 1, terms.data(), 1));
}
