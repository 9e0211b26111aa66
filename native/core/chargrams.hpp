// Character n-grams, paid per distinct word: those of each word (or of each window of a text) are found once, and a text
// is the sum of its words.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "core/count.hpp"
#include "core/csr.hpp"
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

// The n-grams of some distinct strings. Those that begin at one place are what its longest known one begins with, so
// that one stands for all of them; hashed ones stand for themselves.
struct UnitGrams {
  PageVector<std::int64_t> starts{0};  // string u owns entries[starts[u]:starts[u + 1]]
  std::vector<std::uint32_t> entries;   // twice a column, plus one where it counts down
  PageVector<std::uint32_t> totals;     // n-grams of each string, unknown ones too; at most 2^32 - 1, which no text may have

  // Behind its entries, of which there are `end` with those before.
  void end_string(std::size_t end, std::int64_t total) {
    starts.push_back(static_cast<std::int64_t>(end));
    totals.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(total, std::numeric_limits<std::uint32_t>::max())));
  }
};

// Counts texts, given as numbers of strings; columns ascend, lengths are their n-grams, unknown ones too. `parents`: of
// each column, in the order of spelling, that of the longest known n-gram it begins with, -1 where there is none; null
// where entries stand for themselves. Where `df` is given, it becomes how many texts have each column. Throws
// std::overflow_error where a text has 2^31 n-grams or more.
Counted count_chars(const UnitGrams& units, const std::int32_t* parents, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                    std::size_t n_columns, std::vector<std::int64_t>* df, std::size_t threads);

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
  const std::vector<std::int64_t>& document_frequencies() const { return df_; }
  std::vector<std::int64_t> term_frequencies() const;
  // Spellings of the kept columns: UTF-8 side by side, and n + 1 ends.
  std::pair<std::vector<std::uint8_t>, std::vector<std::int64_t>> names(const bool* keep) const;
  // Counts of the texts over the kept columns. Once only, as it takes them.
  Counted matrix(const bool* keep, std::size_t threads);

 private:
  UnitGrams units_;
  Counted counted_;
  std::vector<std::int64_t> df_;
  bool counting_ = false, taken_ = false;
  PageVector<std::uint32_t> codes_;        // of all strings: code points plus one, a zero behind each word
  PageVector<std::int32_t> parents_;       // of each column, see count_chars
  std::vector<std::uint32_t> places_;      // of each column, where it stands in codes_
  std::vector<std::uint8_t> lengths_;
};

// A frozen vocabulary.
class CharGrams {
 public:
  // Names in ascending order of spelling; throws std::invalid_argument where they are not.
  CharGrams(const Texts& names, const CharRange& range);

  std::size_t n_columns() const { return table_.size(); }
  // Texts as numbers of `units`.
  Counted count(const Texts& units, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads) const;
  // Each n-gram of a string with its place: column, first code point, end; the blank in front of a word is one before
  // it, so it may be at -1. 3 numbers an n-gram.
  std::vector<std::int32_t> places(std::string_view unit) const;

 private:
  UnitGrams find(const Texts& units, std::size_t threads) const;

  CharRange range_;
  InternTable table_;  // numbers are columns
  PageVector<std::int32_t> parents_;
};

// As in hashing.hpp.
Counted hash_chars(const Texts& units, const CharRange& range, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                   std::int32_t n_features, bool alternate_sign, std::size_t threads);

}  // namespace textmill
