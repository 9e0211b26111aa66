// Texts against a frozen vocabulary: counts, and the weights made of them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/csr.hpp"
#include "core/gram_hash.hpp"
#include "core/levels.hpp"
#include "core/skipgrams.hpp"

namespace textmill {

constexpr std::int32_t kLeftOut = -1;  // a type the text path leaves out: its neighbours touch
constexpr std::int32_t kUnknown = -2;   // a term outside the vocabulary: no n-gram reaches across it

// A frozen vocabulary of word n-grams.
class Grams {
 public:
  // `skip`: places that an n-gram may leave out in all between its words.
  Grams(std::vector<KeptLevel> levels, int low, std::size_t skip = 0);

  const std::vector<KeptLevel>& levels() const { return levels_; }
  int low() const { return low_; }
  std::size_t skip() const { return skip_; }
  std::size_t n_columns() const { return n_columns_; }

  // Calls found(column) for each n-gram of a text that has one, in no particular order.
  template <class Found>
  void each(const std::int32_t* terms, std::size_t n, Found&& found) const {
    if (skip_) each_skipping(terms, n, [&](std::int32_t column, const std::size_t*, std::size_t) { found(column); });
    else each_run(terms, n, [&](std::int32_t column, std::size_t, std::size_t) { found(column); });
  }

  // Calls found(column, places, length) for each, the places of its words.
  template <class Found>
  void each_place(const std::int32_t* terms, std::size_t n, Found&& found) const {
    if (skip_) {
      each_skipping(terms, n, found);
      return;
    }
    std::vector<std::size_t> places(levels_.size());
    each_run(terms, n, [&](std::int32_t column, std::size_t first, std::size_t length) {
      for (std::size_t i = 0; i < length; ++i) places[i] = first + i;
      found(column, static_cast<const std::size_t*>(places.data()), length);
    });
  }

 private:
  template <class Found>
  void each_run(const std::int32_t* terms, std::size_t n, Found&& found) const {
    constexpr std::size_t kAhead = 6;  // a look-up waits for memory: ask early
    for (std::size_t first = 0; first < n; ++first) {
      if (first + kAhead + 1 < n)
        __builtin_prefetch(&slots_[mix(static_cast<std::uint32_t>(terms[first + kAhead]), static_cast<std::uint32_t>(terms[first + kAhead + 1])) & mask_]);
      if (terms[first] < 0) continue;
      std::uint32_t gram = static_cast<std::uint32_t>(terms[first]);
      if (const std::int32_t column = word_columns()[gram]; low_ == 1 && column >= 0) found(column, first, std::size_t{1});
      for (std::size_t length = 2; length <= levels_.size() && first + length <= n; ++length) {
        if (terms[first + length - 1] < 0) break;
        gram = longer(gram, static_cast<std::uint32_t>(terms[first + length - 1]));
        if (gram == kNoGram) break;
        const std::int32_t column = longer_[gram - n_terms_].column;
        if (static_cast<int>(length) >= low_ && column >= 0) found(column, first, length);
      }
    }
  }
  template <class Found>
  void each_skipping(const std::int32_t* terms, std::size_t n, Found&& found) const {
    each_skip_gram(
        terms, n, skip_, levels_.size(), [&](std::uint32_t gram, std::size_t, std::uint32_t term) { return longer(gram, term); },
        [&](std::uint32_t gram, const std::size_t* places, std::size_t length) {
          const std::int32_t column = length == 1 ? word_columns()[gram] : longer_[gram - n_terms_].column;
          if (static_cast<int>(length) >= low_ && column >= 0) found(column, places, length);
        });
  }

  struct Slot {
    std::uint32_t gram, tag;  // the tag, half of the hash, spares a look at the gram itself
  };
  struct Longer {
    std::uint32_t prefix, term;
    std::int32_t column;
  };
  static bool is(const Longer& gram, std::uint32_t prefix, std::uint32_t term) { return gram.prefix == prefix && gram.term == term; }
  const std::int32_t* word_columns() const { return levels_[0].column.data(); }
  static std::uint64_t mix(std::uint32_t prefix, std::uint32_t term) {
    return hash_pair(static_cast<std::uint64_t>(prefix) << 32 | term);
  }
  std::uint32_t longer(std::uint32_t prefix, std::uint32_t term) const {
    const std::uint64_t hash = mix(prefix, term);
    for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot slot = slots_[i];
      if (slot.gram == kNoGram) return kNoGram;
      if (slot.tag == static_cast<std::uint32_t>(hash >> 32) && is(longer_[slot.gram - n_terms_], prefix, term))
        return slot.gram;
    }
  }

  std::vector<KeptLevel> levels_;
  int low_;
  std::size_t skip_;
  std::size_t n_terms_, n_columns_;
  std::vector<Longer> longer_;  // the grams of two words and more, numbered behind the words
  std::vector<Slot> slots_;
  std::size_t mask_;
};

enum class Tf { raw, sublinear, relative, binary };
enum class Norm { none, l1, l2 };

struct Weighting {
  Tf tf = Tf::raw;
  Norm norm = Norm::none;
  const double* idf = nullptr;  // n_columns, or null
  int low = 1, high = 1;        // lengths of the n-grams: relative counts are divided by the number of them
  std::size_t skip = 0;         // places that they may leave out
  std::size_t n_columns = 0;    // where there is an idf
};

// Turns counts into weights, computed in double and kept as T, float or double. `out` may be the counts' own memory
// where T is float. Throws std::invalid_argument where a column has no idf.
template <class T>
void weigh(const std::int32_t* counts, void* out, const std::int32_t* indices, const std::int32_t* indptr, const std::int32_t* lengths,
           std::size_t n_texts, const Weighting& weighting, std::size_t threads);

struct Counted : Csr {
  std::vector<std::int32_t> lengths;  // terms of each text, unknown ones too
};

// Rows have ascending columns.
Counted count(const Grams& grams, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
              const std::int32_t* type_terms, std::size_t threads);

}  // namespace textmill
