// From token ids to weights, beside a plain count of the same n-grams: the input's bytes are ids, 0xFF ends a text.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>

#include "core/bag.hpp"
#include "core/count.hpp"
#include "core/grams.hpp"
#include "core/hashing.hpp"
#include "core/similar.hpp"
#include "core/sparse.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;
using fuzz::require;

namespace {

using Gram = std::vector<std::int32_t>;  // terms; ordered as columns are where terms are numbered by spelling

struct Corpus {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> rows{0};
  std::vector<std::int32_t> type_terms;  // -1: left out
  std::size_t n_terms = 0, n_texts = 0;
  int low = 1, high = 1;
  std::int64_t min_df = 1;

  Gram terms_of(std::size_t text) const {
    Gram terms;
    for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i) {
      const std::int32_t term = type_terms[static_cast<std::size_t>(ids[static_cast<std::size_t>(i)])];
      if (term >= 0) terms.push_back(term);
    }
    return terms;
  }
  template <class Found>
  void each_gram(std::size_t text, Found&& found) const {
    const Gram terms = terms_of(text);
    for (std::size_t first = 0; first < terms.size(); ++first)
      for (std::size_t n = static_cast<std::size_t>(low); n <= static_cast<std::size_t>(high) && first + n <= terms.size(); ++n)
        found(Gram(terms.begin() + static_cast<std::ptrdiff_t>(first), terms.begin() + static_cast<std::ptrdiff_t>(first + n)));
  }
};

Corpus read(fuzz::Input& input) {
  Corpus corpus;
  const std::uint8_t choice = input.choice();
  corpus.low = 1 + (choice & 1) + (choice >> 6 & 1);
  corpus.high = corpus.low + (choice >> 1 & 3);
  corpus.min_df = 1 + (choice >> 3 & 3);
  const std::size_t n_types = 1 + input.choice() % 40;
  const std::uint8_t dropped = input.choice();
  for (std::size_t type = 0; type < n_types; ++type) {
    const bool drop = (choice & 32) && (type * 7 + dropped) % 5 == 0;
    // several types may share a term
    corpus.type_terms.push_back(drop ? kLeftOut : static_cast<std::int32_t>(choice & 128 ? type / 2 : type));
  }
  corpus.n_terms = n_types;
  while (input.left()) {
    const std::uint8_t byte = input.choice();
    if (byte == 0xFF) corpus.rows.push_back(static_cast<std::int64_t>(corpus.ids.size()));
    else corpus.ids.push_back(static_cast<std::int32_t>(byte % n_types));
  }
  corpus.rows.push_back(static_cast<std::int64_t>(corpus.ids.size()));
  corpus.n_texts = corpus.rows.size() - 1;
  corpus.ids.shrink_to_fit();
  return corpus;
}

struct Rows {  // of any sparse result
  std::vector<std::int32_t> data, indices, indptr;
  bool operator==(const Rows&) const = default;
};
Rows rows_of(const Csr& csr) {
  const auto n = static_cast<std::size_t>(csr.indptr.back());
  return {{csr.data.get(), csr.data.get() + n}, {csr.indices.get(), csr.indices.get() + n}, csr.indptr};
}

// The kept n-grams of all texts, by column, and their counts.
Rows counted_plainly(const Corpus& corpus, const bool* keep, std::size_t n_columns, std::vector<std::int64_t>& df,
                     std::vector<std::int64_t>& tf) {
  std::map<Gram, std::pair<std::int64_t, std::int64_t>> all;  // texts, occurrences
  std::vector<std::map<Gram, std::int32_t>> texts(corpus.n_texts);
  for (std::size_t text = 0; text < corpus.n_texts; ++text) {
    corpus.each_gram(text, [&](const Gram& gram) { ++texts[text][gram]; });
    for (const auto& [gram, count] : texts[text]) {
      ++all[gram].first;
      all[gram].second += count;
    }
  }
  std::map<Gram, std::int32_t> columns;
  std::size_t column = 0;
  std::int32_t kept = 0;
  for (const auto& [gram, found] : all) {
    if (found.first < corpus.min_df) continue;
    df.push_back(found.first);
    tf.push_back(found.second);
    require(column < n_columns, "no column is missing");
    if (keep[column++]) columns[gram] = kept++;
  }
  require(column == n_columns, "no column is too many");
  Rows made;
  made.indptr.push_back(0);
  for (const auto& text : texts) {
    for (const auto& [gram, count] : text)
      if (const auto found = columns.find(gram); found != columns.end()) {
        made.indices.push_back(found->second);
        made.data.push_back(count);
      }
    made.indptr.push_back(static_cast<std::int32_t>(made.indices.size()));
  }
  return made;
}

void laws_of_weights(const Corpus& corpus, const Counted& counted, std::size_t n_columns, std::uint8_t choice, std::size_t threads) {
  std::vector<double> idf(n_columns);
  for (std::size_t i = 0; i < n_columns; ++i) idf[i] = 1.0 + static_cast<double>(i) / 8;
  const Weighting weighting{static_cast<Tf>(choice & 3), static_cast<Norm>((choice >> 2) % 3), choice & 64 ? idf.data() : nullptr, corpus.low,
                            corpus.high, 0, n_columns};
  std::vector<double> one(counted.size()), three(counted.size());
  const auto weighed = [&](std::vector<double>& out, std::size_t n_threads) {
    weigh<double>(counted.data.get(), out.data(), counted.indices.get(), counted.indptr.data(), counted.lengths.data(), corpus.n_texts,
                  weighting, n_threads);
  };
  weighed(one, 1);
  weighed(three, threads);
  require(one == three, "threads change no weight");
  std::vector<std::int32_t> narrow(counted.data.get(), counted.data.get() + counted.size());
  weigh<float>(narrow.data(), narrow.data(), counted.indices.get(), counted.indptr.data(), counted.lengths.data(), corpus.n_texts, weighting,
               threads);
  for (std::size_t i = 0; i < one.size(); ++i) {
    float value;
    std::memcpy(&value, &narrow[i], sizeof value);
    require(value == static_cast<float>(one[i]) && std::isfinite(value), "narrow weights are the wide ones");
  }
  for (std::size_t text = 0; text < corpus.n_texts && weighting.norm != Norm::none; ++text) {
    double sum = 0;
    for (auto i = counted.indptr[text]; i < counted.indptr[text + 1]; ++i) {
      const double value = one[static_cast<std::size_t>(i)];
      sum += weighting.norm == Norm::l2 ? value * value : std::fabs(value);
    }
    require(counted.indptr[text] == counted.indptr[text + 1] || std::fabs(sum - 1) < 1e-9, "a text has length one");
  }
}

void laws_of_products(const Corpus& corpus, const Rows& rows, std::size_t n_columns, std::size_t threads) {
  const std::vector<float> data(rows.data.begin(), rows.data.end());
  const Sparse matrix{data.data(), rows.indices.data(), rows.indptr.data(), corpus.n_texts, n_columns};
  std::vector<float> turned(data.size()), back(data.size());
  std::vector<std::int32_t> turned_indices(data.size()), turned_ends(n_columns + 1), back_indices(data.size()), back_ends(corpus.n_texts + 1);
  transpose(matrix, turned.data(), turned_indices.data(), turned_ends.data(), threads);
  transpose({turned.data(), turned_indices.data(), turned_ends.data(), n_columns, corpus.n_texts}, back.data(), back_indices.data(),
            back_ends.data(), 1);
  require(back == data && back_indices == rows.indices && back_ends == rows.indptr, "turned twice is as before");
  for (const std::size_t k : {1, 3}) {
    std::vector<double> dense(n_columns * k), one(corpus.n_texts * k), three(corpus.n_texts * k);
    for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<double>(i % 13) - 6;
    multiply(matrix, dense.data(), k, one.data(), 1);
    multiply(matrix, dense.data(), k, three.data(), threads);
    require(one == three, "threads change no product");
    for (std::size_t text = 0; text < corpus.n_texts; ++text)
      for (std::size_t j = 0; j < k; ++j) {
        double sum = 0;
        for (auto i = rows.indptr[text]; i < rows.indptr[text + 1]; ++i)
          sum += rows.data[static_cast<std::size_t>(i)] * dense[static_cast<std::size_t>(rows.indices[static_cast<std::size_t>(i)]) * k + j];
        require(sum == one[text * k + j], "a product is the sum of its parts");
      }
  }
}

// Vectors and head are numbers, and the same for any number of threads.
void laws_of_bag(const Corpus& corpus, const Rows& rows, std::size_t n_columns, std::uint8_t choice, std::size_t threads) {
  const std::vector<float> values(rows.data.begin(), rows.data.end());
  const Sparse matrix{values.data(), rows.indices.data(), rows.indptr.data(), corpus.n_texts, n_columns};
  const std::size_t k = 1 + choice % 3, width = 1 + choice % 11;
  const bool share = choice & 64;
  std::vector<float> targets(corpus.n_texts * k), strength(corpus.n_texts, 1.0f), start(n_columns * width);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = share ? 1.0f / static_cast<float>(k) : static_cast<float>(i % 3) / 2;
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = static_cast<float>(i % 7) / 7 - 0.5f;
  std::vector<std::int32_t> order(corpus.n_texts);
  std::iota(order.rbegin(), order.rend(), 0);
  const auto learned = [&](std::size_t n_threads) {
    Bag bag(matrix, {targets.data(), strength.data(), false, share}, k, width, start.data());
    const double loss = bag.epoch(order.data(), order.size(), 1 + choice % 5, 0.5f, 0.1f, n_threads);
    require(std::isfinite(loss), "a loss is a number");
    std::vector<float> found(n_columns * width + width * k + k);
    bag.vectors(found.data());
    bag.head(found.data() + n_columns * width);
    bag.bias(found.data() + n_columns * width + width * k);
    for (const float value : found) require(std::isfinite(value), "what was learned are numbers");
    return found;
  };
  require(learned(1) == learned(threads), "threads change nothing that is learned");
}

void laws_of_hashing(const Corpus& corpus, std::uint8_t choice, std::size_t threads) {
  std::string spelled;
  std::vector<std::int64_t> ends{0};
  for (std::size_t term = 0; term < corpus.n_terms; ++term) {
    spelled += std::string(1 + term % 9, static_cast<char>('a' + term % 26)) + std::to_string(term);
    ends.push_back(static_cast<std::int64_t>(spelled.size()));
  }
  const Texts terms{spelled.data(), ends.data(), corpus.n_terms};
  const std::int32_t n_features = choice & 1 ? 7 : choice & 2 ? 1 << 20 : std::numeric_limits<std::int32_t>::max();
  const bool signs = choice & 4;
  const auto hashed = [&](std::size_t n_threads) {
    return hash_counts(corpus.ids.data(), corpus.rows.data(), corpus.n_texts, corpus.type_terms.data(), terms, corpus.low, corpus.high,
                       n_features, signs, n_threads);
  };
  const Counted found = hashed(1);
  require(rows_of(found) == rows_of(hashed(threads)), "threads change no hashed count");
  for (std::size_t text = 0; text < corpus.n_texts; ++text) {
    std::map<std::int32_t, std::int32_t> counts;
    corpus.each_gram(text, [&](const Gram& gram) {
      std::string name;
      for (const std::int32_t term : gram) name += (name.empty() ? "" : " ") + std::string(terms[static_cast<std::size_t>(term)]);
      const auto hash = static_cast<std::int32_t>(murmur3(name, 0));
      if (hash == std::numeric_limits<std::int32_t>::min()) return;  // scikit-learn's own case
      counts[std::abs(hash) % n_features] += signs && hash < 0 ? -1 : 1;
    });
    auto i = static_cast<std::size_t>(found.indptr[text]);
    for (const auto& [column, count] : counts) {
      require(i < static_cast<std::size_t>(found.indptr[text + 1]) && found.indices[i] == column && found.data[i] == count,
              "a hashed count is a plain one");
      ++i;
    }
    require(i == static_cast<std::size_t>(found.indptr[text + 1]), "no hashed count is too many");
  }
}

// Texts in one group are tied by pairs that share enough of their words, and no such pair is in two groups.
void laws_of_similar(const Corpus& corpus, std::uint8_t choice, std::size_t threads) {
  const double threshold = 0.3 + 0.1 * (choice % 8);
  const SimilarTexts found = similar_texts(corpus.ids.data(), corpus.rows.data(), corpus.n_texts, corpus.type_terms.size(), threshold, threads);
  std::vector<std::set<std::int32_t>> words(corpus.n_texts);
  for (std::size_t text = 0; text < corpus.n_texts; ++text)
    words[text].insert(corpus.ids.begin() + static_cast<std::ptrdiff_t>(corpus.rows[text]), corpus.ids.begin() + static_cast<std::ptrdiff_t>(corpus.rows[text + 1]));
  std::vector<std::int32_t> first(corpus.n_texts);
  std::iota(first.begin(), first.end(), 0);
  for (std::size_t a = 0; a < corpus.n_texts; ++a)
    for (std::size_t b = 0; b < a; ++b) {
      std::vector<std::int32_t> shared;
      std::set_intersection(words[a].begin(), words[a].end(), words[b].begin(), words[b].end(), std::back_inserter(shared));
      const double all = static_cast<double>(words[a].size() + words[b].size() - shared.size());
      if (shared.empty() || static_cast<double>(shared.size()) / all < threshold) continue;
      const auto [low, high] = std::minmax({first[a], first[b]});
      for (std::int32_t& group : first)
        if (group == high) group = low;
    }
  require(found.first == first, "similar texts are those of all pairs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || size > 512) return 0;
  fuzz::Input input(data, size);
  const std::uint8_t weights = input.choice(), kept = input.choice();
  const Corpus corpus = read(input);
  const std::size_t threads = size % 4 == 0 ? 3 : 1;
  GramCounter counter;
  const std::size_t cut = kept % corpus.rows.size();  // added in two pieces
  std::vector<std::int64_t> behind(corpus.rows.begin() + static_cast<std::ptrdiff_t>(cut), corpus.rows.end());
  for (std::int64_t& row : behind) row -= corpus.rows[cut];
  counter.add(corpus.ids.data(), corpus.rows.data(), cut);
  counter.add(corpus.ids.data() + corpus.rows[cut], behind.data(), corpus.n_texts - cut);
  counter.count(corpus.type_terms.data(), corpus.type_terms.size(), corpus.n_terms, corpus.low, corpus.high, corpus.min_df, threads);
  const std::size_t n = counter.n_columns();
  const auto keep = std::make_unique<bool[]>(n + 1);
  for (std::size_t i = 0; i < n; ++i) keep[i] = kept & 1 ? (i * 5 + kept) % 3 != 1 : true;
  std::vector<std::int64_t> df, tf;
  const Rows plain = counted_plainly(corpus, keep.get(), n, df, tf);
  require(counter.document_frequencies() == df && counter.term_frequencies() == tf, "frequencies are counted");
  const std::vector<std::int32_t> lengths = counter.lengths();
  for (std::size_t text = 0; text < corpus.n_texts; ++text)
    require(lengths[text] == static_cast<std::int32_t>(corpus.terms_of(text).size()), "a text is as long as its terms");

  Vocabulary vocabulary = counter.vocabulary(keep.get());
  require(rows_of(counter.matrix(keep.get(), threads)) == plain, "n-grams are counted");
  std::vector<std::int32_t> renumbered(corpus.n_terms, kUnknown), terms;
  for (std::size_t i = 0; i < vocabulary.terms.size(); ++i) renumbered[static_cast<std::size_t>(vocabulary.terms[i])] = static_cast<std::int32_t>(i);
  for (const std::int32_t term : corpus.type_terms) terms.push_back(term < 0 ? kLeftOut : renumbered[static_cast<std::size_t>(term)]);
  const Grams grams(std::move(vocabulary.levels), corpus.low);
  const Counted counted = count(grams, corpus.ids.data(), corpus.rows.data(), corpus.n_texts, terms.data(), 1);
  require(rows_of(counted) == plain, "a frozen vocabulary counts alike");
  require(rows_of(count(grams, corpus.ids.data(), corpus.rows.data(), corpus.n_texts, terms.data(), threads)) == plain,
          "threads change no count");

  std::size_t n_kept = 0;
  for (std::size_t i = 0; i < n; ++i) n_kept += keep[i];
  laws_of_weights(corpus, counted, n_kept, weights, threads);
  laws_of_products(corpus, plain, n_kept, threads);
  laws_of_bag(corpus, plain, n_kept, kept, threads);
  laws_of_hashing(corpus, kept >> 1, threads);
  laws_of_similar(corpus, kept >> 4, threads);
  return 0;
}
