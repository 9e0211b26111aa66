// Character n-grams, paid per distinct word: those of each word (or of each window of a text) are found once, and a text
// is the sum of its words.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/count.hpp"
#include "core/intern.hpp"
#include "core/pages.hpp"
#include "core/scan.hpp"

namespace textmill {

// Which n-grams, in code points. `padded`: of each word between blanks, with a blank on either side, and a word that is
// shorter than `low` once as a whole; else those that begin where the string begins (the string is a window).
struct CharRange {
  int low, high;
  bool padded;
};

// The n-grams of some distinct strings.
struct UnitGrams {
  std::vector<std::int64_t> starts{0};  // string u owns entries[starts[u]:starts[u + 1]]
  std::vector<std::uint32_t> entries;   // twice a column, plus one where it counts down
  std::vector<std::int64_t> totals;     // n-grams of each string, unknown ones too
};

// Rows of counts, not yet weighed, three bytes a count where it goes, as memory costs time; in blocks that are freed as
// they are read.
struct CountedRows {
  // Of each row, how far each column is from the one before it (from 0), then its counts; what is too large for its place
  // stands in `large`, in this order.
  struct Block {
    PageArray<std::uint16_t> rows;
    std::size_t end_text;  // the first text whose row is not in it
    std::vector<std::int64_t> large;
  };
  std::vector<std::size_t> cuts;  // shard s has the texts [cuts[s], cuts[s + 1])
  std::vector<std::vector<Block>> shards;
  std::vector<std::uint32_t> sizes;  // of each row
  std::vector<std::int64_t> totals;  // n-grams of each text, unknown ones too
  std::vector<std::int64_t> df;      // texts that have each column; empty unless asked for
};

// Rows of texts, given as numbers of strings; columns ascend. Throws std::overflow_error where a row has 2^31 entries
// or more.
CountedRows count_chars(const UnitGrams& units, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                        std::size_t n_columns, bool with_df, std::size_t threads);

template <class T>
struct WeighedRows {
  PageArray<T> data;
  PageArray<std::int32_t> indices;
  std::vector<std::int32_t> indptr;
};

// The rows weighed; of equal texts they are equal to the bit, whatever is beside them. `n_columns` of them stay:
// `renumbered` gives the new number of each column, -1 where it goes; null where all stay. Throws std::overflow_error from 2^31 entries on.
template <class T>
WeighedRows<T> weigh_chars(CountedRows&& counted, std::size_t n_columns, const std::int32_t* renumbered, const Weighting& weighting);

// A vocabulary being learned: all n-grams of some distinct strings, numbered in the order of their spelling.
class CharGramCounter {
 public:
  CharGramCounter(const Texts& units, const CharRange& range, std::size_t threads);
  CharGramCounter(const CharGramCounter&) = delete;
  CharGramCounter& operator=(const CharGramCounter&) = delete;

  // Counts through the texts; `ids` are numbers of the strings. Once only.
  void count(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads);

  std::size_t n_units() const { return units_.totals.size(); }
  std::size_t n_columns() const { return places_.size(); }
  const std::vector<std::int64_t>& document_frequencies() const { return counted_.df; }
  std::vector<std::int64_t> term_frequencies() const;
  // Spellings of the kept columns: UTF-8 side by side, and n + 1 ends.
  std::pair<std::vector<std::uint8_t>, std::vector<std::int64_t>> names(const bool* keep) const;
  // Rows of the texts over the kept columns. Once only, as it takes the counts.
  template <class T>
  WeighedRows<T> matrix(const bool* keep, const Weighting& weighting);

 private:
  UnitGrams units_;
  CountedRows counted_;
  bool counting_ = false;
  std::vector<std::int64_t> occurrences_;  // of each string
  std::vector<std::uint32_t> codes_;       // of all strings: code points plus one, a zero behind each word
  std::vector<std::uint32_t> places_;      // of each column, where it stands in codes_
  std::vector<std::uint8_t> lengths_;
};

// A frozen vocabulary.
class CharGrams {
 public:
  // Names in ascending order of spelling; throws std::invalid_argument where they are not.
  CharGrams(const Texts& names, const CharRange& range);

  std::size_t n_columns() const { return table_.size(); }
  UnitGrams find(const Texts& units, std::size_t threads) const;
  // Each n-gram of a string with its place: column, first code point, end; the blank in front of a word is one before
  // it, so it may be at -1. 3 numbers an n-gram.
  std::vector<std::int32_t> places(std::string_view unit) const;

 private:
  CharRange range_;
  InternTable table_;  // numbers are columns
};

// The n-grams hashed to columns as in hashing.hpp.
UnitGrams hashed_chars(const Texts& units, const CharRange& range, std::int32_t n_features, bool alternate_sign, std::size_t threads);

}  // namespace textmill
