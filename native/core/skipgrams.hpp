// Word n-grams that may leave out words between theirs (Guthrie et al. 2006, "A Closer Look at Skip-gram Modelling"): how
// a text is gone through, and how a vocabulary of them is learned.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/cancel.hpp"
#include "core/levels.hpp"

namespace textmill {

constexpr std::uint32_t kNoGram = 0xFFFFFFFF;
constexpr std::size_t kLongestSkipGram = 8;  // words

// Goes through a text's n-grams of up to `longest` words that leave out up to `skip` places in all between theirs. A
// negative term takes a place and is in no n-gram.
template <class Longer, class Found>
class SkipWalk {
 public:
  // longer(gram, length, term) gives the number of the n-gram that a term makes of one of `length` words, or kNoGram
  // where nothing begins with it. found(gram, places, length) hears of each n-gram; those of one word are their terms.
  SkipWalk(const std::int32_t* terms, std::size_t n, std::size_t skip, std::size_t longest, Longer& longer, Found& found)
      : terms_(terms), n_(n), skip_(skip), longest_(longest), longer_(longer), found_(found) {}

  void run() {
    for (std::size_t first = 0; first < n_; ++first) {
      if (terms_[first] < 0) continue;
      places_[0] = first;
      reach(static_cast<std::uint32_t>(terms_[first]), 1, skip_);
    }
  }

 private:
  void reach(std::uint32_t gram, std::size_t length, std::size_t left) {
    found_(gram, places_.data(), length);
    if (length == longest_) return;
    const std::size_t next = places_[length - 1] + 1, end = next + std::min(n_ - next, left + 1);
    for (std::size_t place = next; place < end; ++place) {
      watch_.at(++steps_);
      if (terms_[place] < 0) continue;
      const std::uint32_t made = longer_(gram, length, static_cast<std::uint32_t>(terms_[place]));
      if (made == kNoGram) continue;
      places_[length] = place;
      reach(made, length + 1, left - (place - next));
    }
  }

  const std::int32_t* const terms_;
  const std::size_t n_, skip_, longest_;
  Longer& longer_;
  Found& found_;
  std::array<std::size_t, kLongestSkipGram> places_{};
  std::size_t steps_ = 0;
  CancelWatch watch_;
};

template <class Longer, class Found>
void each_skip_gram(const std::int32_t* terms, std::size_t n, std::size_t skip, std::size_t longest, Longer&& longer, Found&& found) {
  SkipWalk<Longer, Found>(terms, n, skip, longest, longer, found).run();
}

// How many n-grams of `length` words a text of `n_terms` has; exact below 2^53.
double n_skip_grams(std::size_t n_terms, std::size_t length, std::size_t skip);

// std::overflow_error where counts of n-grams of up to `longest` words may not fit 32 bits.
void require_skip_grams_fit(std::size_t n_terms, std::size_t longest, std::size_t skip, std::size_t text);

// Learns a vocabulary length by length, so that only n-grams whose beginning is frequent enough are ever counted: no
// n-gram is in more texts than the one before its last word.
class SkipGramCounter {
 public:
  // What the parameters mean in GramCounter::count; `high` is kLongestSkipGram at most.
  SkipGramCounter(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                  std::size_t n_terms, int low, int high, std::size_t skip, std::int64_t min_df);

  std::size_t n_columns() const { return n_columns_; }
  std::vector<std::int64_t> document_frequencies() const { return textmill::document_frequencies(levels_, n_columns_); }
  std::vector<std::int64_t> term_frequencies() const { return textmill::term_frequencies(levels_, n_columns_); }
  std::size_t longest_text() const { return longest_text_; }  // in terms
  Vocabulary vocabulary(const bool* keep) const { return kept_vocabulary(levels_, n_columns_, keep); }

 private:
  std::vector<Level> levels_;
  std::size_t n_columns_ = 0, longest_text_ = 0;
};

}  // namespace textmill
