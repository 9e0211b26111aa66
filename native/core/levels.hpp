// A vocabulary of word n-grams as levels, one a length: an n-gram is the n-gram before its last word and that word. How
// it was learned is another matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace textmill {

// N-grams of one length in ascending order of (prefix, term). In the first level, gram i is term i and has no prefix.
struct Level {
  std::vector<std::int32_t> prefix, term;
  std::vector<std::int32_t> df;      // texts
  std::vector<std::uint32_t> tf;     // occurrences
  std::vector<std::int32_t> column;  // -1: none, only a prefix of longer ones
  std::size_t size() const { return df.size(); }
};

// What is kept of the levels: only the terms and prefixes that some kept n-gram needs, numbered anew.
struct KeptLevel {
  std::vector<std::int32_t> prefix, term, column;  // column -1: only a prefix of longer ones
};
struct Vocabulary {
  std::vector<std::int32_t> terms;  // old number of each term that stays, ascending
  std::vector<KeptLevel> levels;
};

// Gives a column to each n-gram of `low` words or more in `min_df` texts or more, in the order of spelling: an n-gram
// stands before all that it begins. How many there are; std::overflow_error where 32 bits cannot number them.
std::size_t number_columns(std::vector<Level>& levels, std::size_t low, std::int64_t min_df);

// One a column.
std::vector<std::int64_t> document_frequencies(const std::vector<Level>& levels, std::size_t n_columns);
std::vector<std::int64_t> term_frequencies(const std::vector<Level>& levels, std::size_t n_columns);

// Of each gram of each level: its number among the columns where keep[column] is true, or -1.
std::vector<std::vector<std::int32_t>> kept_columns(const std::vector<Level>& levels, std::size_t n_columns, const bool* keep);
Vocabulary kept_vocabulary(const std::vector<Level>& levels, std::size_t n_columns, const bool* keep);

}  // namespace textmill
