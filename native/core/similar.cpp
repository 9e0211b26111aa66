#include "core/similar.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "core/cancel.hpp"
#include "core/intern.hpp"
#include "core/pages.hpp"
#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kNeighbours = 64;
constexpr std::size_t kWordsAThread = 64 * 1024;

// Texts that are in one group, as a tree: each points to one that comes before it.
class Groups {
 public:
  explicit Groups(std::size_t n) : before_(n) { std::iota(before_.begin(), before_.end(), 0); }

  std::int32_t first(std::int32_t text) {
    while (at(text) != text) text = at(text) = at(at(text));
    return text;
  }
  void join(std::int32_t a, std::int32_t b) {
    a = first(a);
    b = first(b);
    at(std::max(a, b)) = std::min(a, b);
  }

 private:
  std::int32_t& at(std::int32_t text) { return before_[static_cast<std::size_t>(text)]; }
  std::vector<std::int32_t> before_;
};

// The words of each text once, the rare ones first: as numbers that rise with how many texts have a word.
class WordSets {
 public:
  WordSets(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t n_types, std::size_t threads) {
    std::vector<std::int64_t> last(n_types, -1);
    std::vector<std::uint32_t> df(n_types, 0);
    words_.reserve(static_cast<std::size_t>(rows[n_texts]));
    starts_.reserve(n_texts + 1);
    CancelWatch watch;
    for (std::size_t text = 0; text < n_texts; ++text) {
      watch.at(words_.size());
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i) {
        const auto type = static_cast<std::size_t>(ids[i]);
        if (std::exchange(last[type], static_cast<std::int64_t>(text)) == static_cast<std::int64_t>(text)) continue;
        ++df[type];
        words_.push_back(static_cast<std::uint32_t>(type));
      }
      starts_.push_back(words_.size());
    }
    std::vector<std::uint32_t> order(n_types), ranks(n_types);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return df[a] < df[b]; });
    for (std::size_t rank = 0; rank < n_types; ++rank) ranks[order[rank]] = static_cast<std::uint32_t>(rank);
    const std::size_t shards = worthwhile(threads, words_.size(), kWordsAThread);
    const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
    in_parallel(shards, [&](std::size_t s) {
      CancelWatch watch(starts_[cuts[s]]);
      for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
        watch.at(starts_[text]);
        std::uint32_t *const first = words_.data() + starts_[text], *const last = words_.data() + starts_[text + 1];
        for (std::uint32_t* word = first; word != last; ++word) *word = ranks[*word];
        std::sort(first, last);
      }
    });
  }

  const std::uint32_t* of(std::int32_t text) const { return words_.data() + starts_[static_cast<std::size_t>(text)]; }
  std::size_t size(std::int32_t text) const { return starts_[static_cast<std::size_t>(text) + 1] - starts_[static_cast<std::size_t>(text)]; }
  std::uint64_t hash(std::int32_t text) const {
    std::uint64_t hash = size(text);
    for (std::size_t i = 0; i < size(text); ++i) hash = multiply_and_fold(hash ^ of(text)[i], 0x9E3779B97F4A7C15ULL);
    return hash;
  }
  bool same(std::int32_t a, std::int32_t b) const { return size(a) == size(b) && std::equal(of(a), of(a) + size(a), of(b)); }

 private:
  PageVector<std::uint32_t> words_;
  std::vector<std::size_t> starts_{0};
};

// The texts that have a word among their first ones, by rising size.
struct Posting {
  std::int32_t text;
  std::uint32_t place, size;  // of the word in it, and how many it has
};
struct Postings {
  std::vector<Posting> texts;
  std::size_t begin = 0;      // those before are too short for all that are still to come
  std::size_t thin_at = 256;  // how many there are when it is next looked which can go
};

class Search {
 public:
  Search(const WordSets& sets, std::size_t n_texts, std::size_t n_types, double threshold)
      : sets_(sets), threshold_(threshold), groups_(n_texts), postings_(n_types), met_(n_texts, 0) {}

  // Texts come by rising size.
  void add(std::int32_t text) {
    const std::size_t size = sets_.size(text), shortest = least(threshold_ * static_cast<double>(size));
    const std::uint32_t* words = sets_.of(text);
    candidates_.clear();
    enough_.clear();  // how many words those of each size must share with it
    for (std::size_t other = shortest; other <= size; ++other) enough_.push_back(wanted(size, other));
    const std::size_t* enough = enough_.data();
    for (std::size_t i = 0; i + shortest <= size; ++i) {
      Postings& of_word = postings_[words[i]];
      while (of_word.begin < of_word.texts.size() && of_word.texts[of_word.begin].size < shortest) ++of_word.begin;
      for (std::size_t p = of_word.begin; p < of_word.texts.size(); ++p) {
        if (++steps_ % CancelWatch::kStep == 0) stop_if_cancelled();
        const Posting posting = of_word.texts[p];
        std::int32_t& met = met_[static_cast<std::size_t>(posting.text)];
        if (met < 0) continue;
        if (met == 0) candidates_.push_back(posting.text);
        const std::size_t left = std::min<std::size_t>(size - i, posting.size - posting.place);
        met = static_cast<std::size_t>(met) + left >= enough[posting.size - shortest] ? met + 1 : -1;
      }
    }
    for (const std::int32_t other : candidates_) {
      const bool may = std::exchange(met_[static_cast<std::size_t>(other)], 0) > 0;
      if (may && groups_.first(text) != groups_.first(other) && similar(text, other)) groups_.join(text, other);
    }
    // those that come later are at least as long: they meet it among fewer of its words
    const std::size_t indexed = size + 1 - std::min(size, wanted(size, size));
    for (std::size_t i = 0; i < indexed && i < size; ++i) {
      Postings& of_word = postings_[words[i]];
      of_word.texts.push_back({text, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(size)});
      if (of_word.texts.size() >= of_word.thin_at) thin(of_word);
    }
  }

  Groups& groups() { return groups_; }
  std::int64_t compared() const { return compared_; }

 private:
  // A whole number from a bound: what rounding has added is taken off, so that no pair is lost to it.
  static std::size_t least(double bound) { return static_cast<std::size_t>(std::max(1.0, std::ceil(bound - 1e-6))); }
  // How many words two texts of these sizes must share.
  std::size_t wanted(std::size_t a, std::size_t b) const { return least(threshold_ / (1 + threshold_) * static_cast<double>(a + b)); }

  bool similar(std::int32_t a, std::int32_t b) {
    ++compared_;
    const std::uint32_t *x = sets_.of(a), *y = sets_.of(b);
    const std::size_t n = sets_.size(a), m = sets_.size(b), enough = wanted(n, m);
    std::size_t i = 0, j = 0, shared = 0;
    while (i < n && j < m && shared + std::min(n - i, m - j) >= enough) {
      shared += x[i] == y[j];
      const bool next_x = x[i] <= y[j], next_y = y[j] <= x[i];
      i += next_x;
      j += next_y;
    }
    return shared > 0 && static_cast<double>(shared) / static_cast<double>(n + m - shared) >= threshold_;
  }

  // Of each group the last ones stay, which are nearest in size to those that come.
  void thin(Postings& of_word) {
    std::vector<Posting>& texts = of_word.texts;
    std::unordered_map<std::int32_t, std::size_t> of_group;
    std::size_t to = texts.size();
    for (std::size_t from = texts.size(); from-- > of_word.begin;)
      if (of_group[groups_.first(texts[from].text)]++ < kNeighbours) texts[--to] = texts[from];
    texts.erase(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(to));
    of_word.begin = 0;
    of_word.thin_at = std::max<std::size_t>(256, 2 * texts.size());
  }

  const WordSets& sets_;
  double threshold_;
  Groups groups_;
  std::vector<Postings> postings_;
  std::vector<std::int32_t> met_;  // how many words of each text were met; -1: it cannot be similar
  std::vector<std::int32_t> candidates_;
  std::vector<std::size_t> enough_;
  std::int64_t compared_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

SimilarTexts similar_texts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t n_types, double threshold,
                           std::size_t threads) {
  if (!(threshold > 0 && threshold <= 1)) throw std::invalid_argument("threshold: wanted more than 0 and at most 1");
  if (n_texts > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw std::overflow_error("2^31 or more texts at once");
  const WordSets sets(ids, rows, n_texts, n_types, threads);
  std::vector<std::int32_t> order;
  for (std::size_t text = 0; text < n_texts; ++text)
    if (sets.size(static_cast<std::int32_t>(text)) > 0) order.push_back(static_cast<std::int32_t>(text));
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return sets.size(a) < sets.size(b); });
  Search search(sets, n_texts, n_types, threshold);
  std::unordered_multimap<std::uint64_t, std::int32_t> unlike;  // texts of different words, by their hash
  for (const std::int32_t text : order) {
    const std::uint64_t hash = sets.hash(text);
    const auto [first, last] = unlike.equal_range(hash);
    const auto twin = std::find_if(first, last, [&](const auto& other) { return sets.same(text, other.second); });
    if (twin != last) {
      search.groups().join(text, twin->second);
      continue;
    }
    unlike.emplace(hash, text);
    search.add(text);
  }
  SimilarTexts found;
  found.compared = search.compared();
  found.first.resize(n_texts);
  for (std::size_t text = 0; text < n_texts; ++text) found.first[text] = search.groups().first(static_cast<std::int32_t>(text));
  return found;
}

}  // namespace textmill
