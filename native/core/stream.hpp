// Word n-grams counted exactly over a corpus that comes in batches: only those that a first look did not rule out.
#pragma once

#include <cstdint>
#include <vector>

#include "core/grams.hpp"
#include "core/intern.hpp"
#include "core/sketch.hpp"
#include "core/tally.hpp"

namespace textmill {

// What a frozen vocabulary consists of.
struct Learned {
  InternTable terms;                      // in the order of spelling
  std::vector<std::int32_t> term_types;   // the commonest type of each term, the first of equals
  InternTable types;                      // in the order of first appearance: of those terms, and those left out
  std::vector<std::int32_t> type_terms;
  std::vector<KeptLevel> levels;
};

class StreamCounter {
 public:
  // `plain`: types are terms. `frequencies`: also how often each n-gram occurs, not only in how many texts. About
  // `waiting` bytes of n-grams are gathered before they are counted.
  StreamCounter(GramFilter filter, int low, int high, bool plain, bool frequencies, std::size_t waiting);

  // The types that are known by now: a batch is scanned against them, so that others are numbered behind them.
  const InternTable& types() const { return types_; }
  // Counts a batch. `others` are its new types, `spelled` what they become (empty: left out), null where types are terms.
  void add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const InternTable& others, const Texts* spelled,
           std::size_t threads);

  bool plain() const { return plain_; }
  std::uint64_t n_texts() const { return n_texts_; }
  bool reached(int length) const { return longest_ >= static_cast<std::size_t>(length); }  // any text of that many terms
  std::size_t n_grams() const;  // that are being counted
  std::size_t memory() const;

  // Ends the counting; n-grams in fewer than `min_df` texts are gone. Once only; what follows asks for it.
  void finish(std::uint32_t min_df, std::size_t threads);
  std::size_t n_columns() const { return n_columns_; }
  std::vector<std::int64_t> document_frequencies() const;  // in the order of spelling
  std::vector<std::int64_t> term_frequencies() const;
  Learned vocabulary(const bool* keep) const;

 private:
  struct Shard {
    std::vector<std::uint32_t> df, last;  // of each term: texts, and the last of these
    std::vector<Distinct> seen;           // n-grams of a text, by length
    std::vector<std::int32_t> terms, state;
    std::vector<std::uint64_t> hashes;
    std::size_t longest = 0;
  };
  struct Level {
    std::vector<std::int32_t> prefix, term, column;  // column -1: too short
    std::vector<std::uint32_t> df;
    std::vector<std::int64_t> tf;
    std::size_t size() const { return term.size(); }
  };
  std::int32_t admit(std::string_view word, std::string_view term);
  void count_text(Shard& shard, std::size_t s, std::uint32_t stamp);
  void settle(std::size_t threads);
  void order_columns();

  GramFilter filter_;
  int low_, high_;
  bool plain_, frequencies_, finished_ = false;
  std::size_t waiting_;
  std::uint64_t n_texts_ = 0;
  std::size_t longest_ = 0;
  InternTable types_, terms_;  // terms_ is empty where types are terms
  std::vector<std::int32_t> type_terms_;
  std::vector<std::int64_t> type_counts_;
  std::vector<std::uint64_t> term_hashes_;
  std::vector<Shard> shards_;
  std::vector<GramTally> tallies_, more_;  // by length, from 2 words on; `more_` holds what occurs again in a text
  std::vector<std::int32_t> kept_;         // after finish: the terms that are left, in the order of spelling
  std::vector<Level> levels_;
  std::size_t n_columns_ = 0;
};

}  // namespace textmill
