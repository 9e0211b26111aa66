// Word n-grams counted over a whole corpus, by sorting rather than hashing: an n-gram is (the n-gram before its last
// word, its last word), so it is a pair of small numbers, and a radix sort of the pairs gives the vocabulary in order
// and, in the same pass, the texts in which each n-gram stands.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace textmill {

struct Csr {
  std::unique_ptr<std::int32_t[]> data;  // counts
  std::unique_ptr<std::int32_t[]> indices;
  std::vector<std::int32_t> indptr;
};

// N-grams of one length in ascending order of (prefix, term). In the first level, gram i is term i and has no prefix.
struct Level {
  std::vector<std::int32_t> prefix, term;
  std::vector<std::int64_t> starts;  // gram i owns texts[starts[i]:starts[i + 1]]
  std::vector<std::int32_t> texts;   // the text of each occurrence, ascending within a gram
  std::vector<std::int32_t> df;
  std::size_t size() const { return starts.empty() ? 0 : starts.size() - 1; }
};

// What is kept of the levels: only the terms and prefixes that some kept n-gram needs, numbered anew.
struct KeptLevel {
  std::vector<std::int32_t> prefix, term, column;  // column -1: only a prefix of longer ones
};
struct Vocabulary {
  std::vector<std::int32_t> terms;  // old number of each term that stays, ascending
  std::vector<KeptLevel> levels;
};

class GramCounter {
 public:
  // `type_terms` maps each type to a term, or to -1 where it is dropped (its neighbours then touch). Terms must be
  // numbered in the order of their spelling for columns to be in that order. Keeps no pointer to its arguments.
  GramCounter(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
              std::size_t n_terms, std::size_t threads);
  ~GramCounter();
  GramCounter(const GramCounter&) = delete;
  GramCounter& operator=(const GramCounter&) = delete;

  // Counts n-grams of `low` to `high` words; those in fewer than `min_df` texts are left out. Once only.
  void count(int low, int high, std::int64_t min_df, std::size_t threads);

  std::size_t n_columns() const { return columns_.size(); }
  std::vector<std::int64_t> document_frequencies() const;
  std::vector<std::int64_t> term_frequencies() const;
  std::vector<std::int32_t> lengths() const;  // terms of each text
  // The counts of the columns where keep[column] is true; throws std::overflow_error from 2^31 entries on.
  Csr matrix(const bool* keep, std::size_t threads) const;
  Vocabulary vocabulary(const bool* keep) const;

 private:
  struct Column {
    std::int32_t level;  // 0 for single words
    std::int32_t gram;
  };
  void count_words(std::size_t threads);
  template <class Key>
  Level count_longer(int length, bool last, const std::vector<std::int32_t>& before, std::vector<std::int32_t>& now,
                     std::size_t threads) const;
  std::size_t text_at(std::size_t place) const;
  void order_columns();

  std::size_t n_texts_, n_terms_;
  int low_ = 1;
  std::int64_t min_df_ = 1;
  std::vector<std::int32_t> terms_;  // of all texts, dropped ones left out
  std::vector<std::int64_t> rows_;
  std::vector<Level> levels_;
  std::vector<Column> columns_;  // in the order of spelling
};

}  // namespace textmill
