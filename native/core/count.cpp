#include "core/count.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/layout.hpp"
#include "core/parallel.hpp"
#include "core/row_counter.hpp"
#include "core/scan.hpp"

namespace textmill {
namespace {
constexpr std::size_t kTokensAThread = 8 * 1024;
}

Grams::Grams(std::vector<KeptLevel> levels, int low, std::size_t skip)
    : levels_(std::move(levels)), low_(low), skip_(skip), n_terms_(levels_.at(0).column.size()) {
  if (skip_ && levels_.size() > kLongestSkipGram) throw std::invalid_argument("n-grams that skip words have 8 words at most");
  std::size_t n_longer = 0;
  for (std::size_t k = 1; k < levels_.size(); ++k) n_longer += levels_[k].term.size();
  if (n_terms_ + n_longer >= kNoGram) throw std::overflow_error("more n-grams than 32 bits can number");
  longer_.reserve(n_longer);
  std::size_t n_slots = 16;
  while (n_slots < 2 * n_longer) n_slots *= 2;
  slots_.assign(n_slots, Slot{kNoGram, 0});
  mask_ = n_slots - 1;
  std::uint32_t base = 0;  // number of the first gram of the level before
  for (std::size_t k = 1; k < levels_.size(); ++k) {
    const auto first = static_cast<std::uint32_t>(n_terms_ + longer_.size());
    const std::size_t n_before = levels_[k - 1].column.size();
    for (std::size_t i = 0; i < levels_[k].term.size(); ++i) {
      const std::int32_t prefix = levels_[k].prefix[i], term = levels_[k].term[i];
      if (prefix < 0 || static_cast<std::size_t>(prefix) >= n_before || term < 0 || static_cast<std::size_t>(term) >= n_terms_)
        throw std::invalid_argument("an n-gram refers to a term that is not there");
      longer_.push_back({base + static_cast<std::uint32_t>(prefix), static_cast<std::uint32_t>(term), levels_[k].column[i]});
      const std::uint64_t hash = mix(longer_.back().prefix, longer_.back().term);
      std::size_t slot = hash & mask_;
      while (slots_[slot].gram != kNoGram) slot = (slot + 1) & mask_;
      slots_[slot] = {first + static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(hash >> 32)};
    }
    base = first;
  }
  std::int32_t last = -1;
  for (const KeptLevel& level : levels_)
    for (const std::int32_t column : level.column) last = std::max(last, column);
  n_columns_ = static_cast<std::size_t>(last + 1);
}

template <class T>
void weigh(const std::int32_t* counts, void* out, const std::int32_t* indices, const std::int32_t* indptr, const std::int32_t* lengths,
           std::size_t n_texts, const Weighting& w, std::size_t threads) {
  const std::vector<std::int64_t> before(indptr, indptr + n_texts + 1);
  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(indptr[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(before.data(), n_texts, shards);
  in_parallel(shards, [&](std::size_t s) {
    std::vector<double> kept;
    std::vector<T> made;
    CancelWatch watch;
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      watch.at(static_cast<std::size_t>(indptr[text]));
      const std::size_t first = static_cast<std::size_t>(indptr[text]), n = static_cast<std::size_t>(indptr[text + 1]) - first;
      if (kept.size() < n) {
        kept.resize(2 * n);
        made.resize(2 * n);
      }
      double* const row = kept.data();
      double grams = 0;
      for (int length = w.low; length <= w.high; ++length)
        grams += w.skip ? n_skip_grams(static_cast<std::size_t>(lengths[text]), static_cast<std::size_t>(length), w.skip)
                        : std::max(0, lengths[text] - length + 1);
      const std::int32_t* count = counts + first;
      switch (w.tf) {
        case Tf::raw:
          for (std::size_t i = 0; i < n; ++i) row[i] = count[i];
          break;
        case Tf::sublinear:
          for (std::size_t i = 0; i < n; ++i) row[i] = count[i] == 1 ? 1 : 1 + std::log(static_cast<double>(count[i]));
          break;
        case Tf::relative:
          for (std::size_t i = 0; i < n; ++i) row[i] = count[i] / grams;
          break;
        case Tf::binary:
          std::fill(row, row + n, 1.0);
      }
      if (w.idf) {
        check_indices({indices + first, n}, w.n_columns);
        for (std::size_t i = 0; i < n; ++i) row[i] *= w.idf[indices[first + i]];
      }
      double sum = 0;
      if (w.norm == Norm::l2)
        for (std::size_t i = 0; i < n; ++i) sum += row[i] * row[i];
      else if (w.norm == Norm::l1)
        for (std::size_t i = 0; i < n; ++i) sum += std::fabs(row[i]);
      const double scale = sum == 0 ? 1 : w.norm == Norm::l2 ? std::sqrt(sum) : sum;
      // `out` may be the counts' own memory, of another type: bytes are moved
      T* const weights = made.data();
      for (std::size_t i = 0; i < n; ++i) weights[i] = static_cast<T>(row[i] / scale);
      if (n > 0) std::memcpy(static_cast<char*>(out) + first * sizeof(T), weights, n * sizeof(T));
    }
  });
}

template void weigh<float>(const std::int32_t*, void*, const std::int32_t*, const std::int32_t*, const std::int32_t*, std::size_t,
                           const Weighting&, std::size_t);
template void weigh<double>(const std::int32_t*, void*, const std::int32_t*, const std::int32_t*, const std::int32_t*, std::size_t,
                            const Weighting&, std::size_t);

namespace {

// Counts that a text of so many words can have.
std::size_t most_counts(const Grams& grams, std::size_t n_words) {
  const std::size_t n_levels = grams.levels().size();
  if (!grams.skip()) return std::min(n_words * n_levels, grams.n_columns());
  double most = 0;
  for (std::size_t length = 1; length <= n_levels; ++length) most += n_skip_grams(n_words, length, grams.skip());
  return static_cast<std::size_t>(std::min(most, static_cast<double>(grams.n_columns())));
}

}  // namespace

Counted count(const Grams& grams, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
              const std::int32_t* type_terms, std::size_t threads) {
  std::size_t most = 0;
  CancelWatch summed;
  for (std::size_t text = 0; text < n_texts; ++text) {
    summed.at(text);
    most += most_counts(grams, static_cast<std::size_t>(rows[text + 1] - rows[text]));
  }
  CsrParts parts(rows, n_texts, most);
  std::vector<std::int32_t> lengths(n_texts);
  in_parallel(worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread), [&](std::size_t) {
    RowCounter row(grams.n_columns(), most);
    std::vector<std::int32_t> terms;
    CancelWatch watch;
    parts.take([&](std::size_t text, CsrParts::Part& part) {
      watch.at(static_cast<std::size_t>(rows[text]));
      require_terms_fit(rows[text + 1] - rows[text], text);
      terms.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (type_terms[ids[i]] != kLeftOut) terms.push_back(type_terms[ids[i]]);
      if (grams.skip()) require_skip_grams_fit(terms.size(), grams.levels().size(), grams.skip(), text);
      grams.each(terms.data(), terms.size(), [&](std::int32_t column) { row.add(static_cast<std::uint32_t>(column)); });
      part.drain_row(most_counts(grams, terms.size()), [&](auto&& found) { row.drain(found); });
      lengths[text] = static_cast<std::int32_t>(terms.size());
    });
  });
  return {parts.close(), std::move(lengths)};
}

}  // namespace textmill
