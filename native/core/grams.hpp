// Word n-grams counted over a whole corpus, by sorting rather than hashing: an n-gram is (the n-gram before its last
// word, its last word), so it is a pair of small numbers, and a radix sort of the pairs gives the vocabulary in the
// order of spelling. Each place of the corpus then learns which n-gram ends there, and rows are made text by text.
#pragma once

#include <cstdint>
#include <vector>

#include "core/blocks.hpp"
#include "core/csr.hpp"
#include "core/levels.hpp"
#include "core/pages.hpp"
#include "core/scan.hpp"

namespace textmill {

class GramCounter {
 public:
  GramCounter();
  GramCounter(const GramCounter&) = delete;
  GramCounter& operator=(const GramCounter&) = delete;
  ~GramCounter();

  // Texts to count, behind those that were added before; `ids` are numbers of types.
  void add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts);
  void add(std::vector<Piece>&& pieces);

  // `type_terms` maps each type to a term, or to -1 where it is dropped (its neighbours then touch). Terms must be
  // numbered in the order of their spelling for columns to be in that order. Counts n-grams of `low` to `high` words;
  // those in fewer than `min_df` texts are left out. Once only; where it throws, the counter is spent.
  void count(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, int low, int high, std::int64_t min_df,
             std::size_t threads);

  std::size_t n_texts() const { return rows_.size() - 1; }
  std::size_t n_tokens() const { return static_cast<std::size_t>(rows_.back()); }
  std::size_t n_columns() const { return n_columns_; }
  std::vector<std::int64_t> document_frequencies() const { return textmill::document_frequencies(levels(), n_columns_); }
  std::vector<std::int64_t> term_frequencies() const { return textmill::term_frequencies(levels(), n_columns_); }
  std::vector<std::int64_t> type_frequencies() const;  // one a type
  std::vector<std::int32_t> lengths() const;           // terms of each text
  Vocabulary vocabulary(const bool* keep) const;
  // The counts of the columns where keep[column] is true; throws std::overflow_error from 2^31 entries on. Once only,
  // and last: texts and n-grams are given up on the way.
  Csr matrix(const bool* keep, std::size_t threads);

 private:
  void add(Piece&& piece);
  void count_words(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, std::size_t threads);
  template <class Shard>
  void each_shard(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, const std::vector<std::size_t>& cuts,
                  std::vector<Shard>& found);
  void close_gaps(const std::vector<std::size_t>& begins, const std::vector<std::size_t>& ends);
  void index_places();
  std::int32_t texts_of(const std::uint32_t* places, std::size_t n) const;
  template <class Key>
  void count_longer(std::size_t threads);
  const std::vector<Level>& levels() const;  // std::logic_error where they are not there
  std::int32_t gram_at(std::size_t level, std::size_t place) const;

  enum class Stage { adding, counted, given_up, stopped } stage_ = Stage::adding;
  std::size_t low_ = 1, high_ = 1;
  std::int64_t min_df_ = 1;
  std::size_t n_columns_ = 0;
  std::vector<std::int64_t> rows_{0};          // tokens before each text, once counted only those that are not dropped
  std::vector<Piece> pieces_;                  // as they were added, until they are counted
  std::vector<std::size_t> piece_texts_{0};    // texts before each
  Blocks<std::int32_t> terms_;                 // where n-grams are counted: the terms, dropped ones left out
  CsrShards words_;                            // where only words are: their rows
  std::vector<Blocks<std::int32_t>> grams_;    // of each length from 2 on: the gram that ends at each place, or -1
  std::vector<std::int32_t> first_text_;       // of each 64 places, and the number of texts
  std::vector<std::uint32_t> type_counts_;
  std::vector<Level> levels_;
};

}  // namespace textmill
